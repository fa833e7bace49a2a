import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['build/', 'node_modules/', 'transpiler/dist/', 'tests/**/golden/', 'tests/**/fixtures/'] },
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'max-lines': ['error', 400],
      'no-console': 'error',
      'prefer-const': 'error',
    },
  },
  {
    // The kernel declares a layout and the type of its references by one name, and loops by index.
    files: ['kernel/**/*.ts', 'transpiler/lib/**/*.ts', 'tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/prefer-for-of': 'off',
    },
  },
  {
    // tap waits for the tests of a file by itself.
    files: ['tests/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
);
