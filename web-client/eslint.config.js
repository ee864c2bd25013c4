// Lints every TypeScript and Vue file of the web client. Layout is left to the authors;
// rules here find mistakes, and keep the desk's component library off the phone.

import js from '@eslint/js';
import vue from 'eslint-plugin-vue';
import typescript from 'typescript-eslint';
import vueParser from 'vue-eslint-parser';

export default typescript.config(
  { ignores: ['dist/', 'src/core/generated/'] },
  js.configs.recommended,
  ...typescript.configs.recommended,
  ...vue.configs['flat/essential'],
  {
    files: ['**/*.vue'],
    languageOptions: { parser: vueParser, parserOptions: { parser: typescript.parser } },
  },
  {
    rules: {
      // The compiler knows every name; this rule does not.
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': ['error', { allow: ['warn', 'error'] }],
      'no-restricted-globals': ['error', { name: 'alert' }, { name: 'confirm' }, { name: 'prompt' }],
      'vue/no-v-html': 'error',
      // Screens are named by what they are: App, Today, Door.
      'vue/multi-word-component-names': 'off',
    },
  },
  {
    files: ['src/**'],
    ignores: ['src/desk/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: ['element-plus', 'element-plus/*'], message: 'Element Plus is the desk\'s; the phone has its own kit.' }] }],
    },
  },
);
