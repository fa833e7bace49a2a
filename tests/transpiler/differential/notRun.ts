/** Exported functions of the kernel that generated cases do not reach, and why. */
export const notRun: Readonly<Record<string, string>> = {};
