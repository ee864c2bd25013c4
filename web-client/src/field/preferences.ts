// How this person likes the screen: text size, theme, language. Kept in localStorage so that the
// first paint already knows; nothing recorded ever goes there.

import { reactive, watchEffect } from 'vue';
import { language, type Language } from '../words';

export interface Preferences {
  size: 'normal' | 'elder';
  theme: 'light' | 'sun' | 'night';
  language: Language;
  grid: string | null;
  building: string | null;
  list: boolean;
}

const ROW = 'menpai-preferences';
const STANDARD: Preferences = {
  size: 'normal',
  theme: 'light',
  // Chinese first, whatever the phone is set to: the offices and their words are Chinese.
  language: 'zh',
  grid: null,
  building: null,
  list: false,
};

export const preferences = reactive<Preferences>({ ...STANDARD, ...stored() });

function stored(): Partial<Preferences> {
  try {
    return JSON.parse(localStorage.getItem(ROW) ?? '{}') as Partial<Preferences>;
  } catch {
    return {};
  }
}

/** Applies them to the page now and after every change. */
export function applyPreferences(): void {
  watchEffect(() => {
    const root = document.documentElement;
    root.dataset['theme'] = preferences.theme;
    root.dataset['size'] = preferences.size;
    root.lang = preferences.language === 'zh' ? 'zh-CN' : 'en';
    language.value = preferences.language;
    try {
      localStorage.setItem(ROW, JSON.stringify(preferences));
    } catch {
      // A full or forbidden localStorage costs a preference, nothing else.
    }
  });
}
