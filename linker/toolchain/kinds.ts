/** A kind of image that can be built from the kernel. Each has its own folder, so that their files cannot be mixed up. */
export interface ImageKind {
  /** Name in the build's stamp. */
  readonly name: string;
  /** Folder below build/. */
  readonly folder: string;
  /** Name of the transpiler's function that makes the C. */
  readonly transpile: 'transpile' | 'transpileChecked';
}

/** The image without run-time checks: the transpiler has proved that they cannot fail. */
export const ORDINARY: ImageKind = { name: 'ordinary', folder: '.', transpile: 'transpile' };

/** The image with a run-time check of each proof. A check that fails stops the node. */
export const CHECKED: ImageKind = { name: 'checked', folder: 'checked', transpile: 'transpileChecked' };
