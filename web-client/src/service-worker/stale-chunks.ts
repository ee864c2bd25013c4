// A page that outlived a deployment may ask for a chunk that no longer exists. It is reloaded
// once, onto the version that is there; a second failure is left to be seen.

const MARK = 'menpai-reloaded-for-chunk';

/** Call once, before the app is mounted. `mayReload` says whether unsaved input would be lost. */
export function recoverFromStaleChunks(mayReload: () => boolean): void {
  addEventListener('vite:preloadError', (event) => {
    if (sessionStorage.getItem(MARK) || !mayReload()) return;
    event.preventDefault();
    sessionStorage.setItem(MARK, '1');
    location.reload();
  });
}
