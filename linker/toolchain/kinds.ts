/** The kinds of image that are made of the kernel. Each has a folder of its own, so that no file of one is taken for another's. */
export interface ImageKind {
  /** What the build's stamp calls it. */
  readonly name: string;
  /** Below build/. */
  readonly folder: string;
  /** What the transpiler calls the function that makes its C. */
  readonly transpile: 'transpile' | 'transpileChecked';
}

/** Without run-time checks: what could fail is proved. */
export const ORDINARY: ImageKind = { name: 'ordinary', folder: '.', transpile: 'transpile' };

/** With a check of each proof, which stops the node where it does not hold. */
export const CHECKED: ImageKind = { name: 'checked', folder: 'checked', transpile: 'transpileChecked' };
