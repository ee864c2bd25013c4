// Says a word in the language the desk is set to. `t` takes a key of zh.ts; `say` a label
// that came with an answer. The choice is kept in this browser only.

import { ref, watch } from 'vue';
import type { Label } from '../server/answers';
import { en } from './en';
import { zh } from './zh';

export type Language = 'zh' | 'en';
export type WordKey = keyof typeof zh;

const KEPT_UNDER = 'menpai-desk-language';

export const language = ref<Language>(kept());

export function t(key: WordKey, values: Record<string, string | number> = {}): string {
  const sentence: string = language.value === 'zh' ? zh[key] : en[key];
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

export function say(label: Label | null | undefined): string {
  return label ? label[language.value] || label.zh : '';
}

/** Joins short facts the way the language writes them; what is missing leaves no trace. */
export function joined(parts: (string | null | undefined | false)[]): string {
  return parts.filter(Boolean).join(language.value === 'zh' ? '・' : ', ');
}

function kept(): Language {
  try {
    return localStorage.getItem(KEPT_UNDER) === 'en' ? 'en' : 'zh';
  } catch {
    return 'zh';
  }
}

/** Lets page and browser follow the choice; called once at start. */
export function followLanguage(): void {
  watch(
    language,
    (chosen) => {
      document.documentElement.lang = chosen === 'zh' ? 'zh-CN' : 'en';
      document.title = t('desk.title');
      try {
        localStorage.setItem(KEPT_UNDER, chosen);
      } catch {
        // A browser that keeps nothing asks again next time.
      }
    },
    { immediate: true },
  );
}
