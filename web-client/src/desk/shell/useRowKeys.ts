// J and K move through a list, Enter or O acts on the current one; only while nobody types.

import { onScopeDispose } from 'vue';

export interface RowKeys {
  move(step: 1 | -1): void;
  act?(): void;
}

export function useRowKeys({ move, act }: RowKeys): void {
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === 'j' || key === 'k') move(key === 'j' ? 1 : -1);
    else if (act && (key === 'o' || (key === 'enter' && !actsItself(event.target)))) act();
    else return;
    event.preventDefault();
  };
  window.addEventListener('keydown', press);
  onScopeDispose(() => window.removeEventListener('keydown', press));
}

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Enter on a focused button or link is that one's. */
function actsItself(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a') !== null;
}
