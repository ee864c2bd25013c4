// How the last contact went, in one sentence that never overstates: the word "synced" does not exist.

import type { SyncResult } from '../../core/types';
import { t } from '../../words';

export function outcomeText(result: SyncResult): string {
  switch (result.outcome) {
    case 'answered':
      return result.sent + result.received > 0
        ? t('sync.result_answered', { sent: result.sent, received: result.received })
        : t('sync.result_nothing');
    case 'no_network':
      return t('sync.result_no_network');
    case 'stranger':
      return t('sync.result_stranger');
    case 'not_signed_in':
      return t('sync.result_not_signed_in');
    case 'server_error': {
      const said = [result.error?.message || result.error?.code, result.error?.next].filter(Boolean).join(' ');
      return `${t('sync.result_error', { message: said })} ${t('sync.result_kept')}`;
    }
  }
}
