// Says a word in the chosen language. `t` takes a key of zh.ts, `say` a label of a kind file.

import { ref } from 'vue';
import type { Label } from '../core/types';
import { en } from './en';
import { zh } from './zh';

export type Language = 'zh' | 'en';
export type WordKey = keyof typeof zh;

export const language = ref<Language>('zh');

export function t(key: WordKey, values: Record<string, string | number> = {}): string {
  const sentence: string = language.value === 'zh' ? zh[key] : en[key];
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

export function say(label: Label | null | undefined): string {
  return label ? label[language.value] || label.zh : '';
}

/** Joins short facts the way the language writes them. */
export function joined(parts: (string | null | undefined | false)[]): string {
  return parts.filter(Boolean).join(language.value === 'zh' ? '・' : ' · ');
}
