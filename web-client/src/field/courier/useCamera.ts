// Looks for QR codes with the camera, look after look, until `done` says so or the screen goes. The picture goes
// nowhere: each frame is read and forgotten. The screen has a `video` of that name; `blind` where there is no
// camera, or nobody may use it.
import { onMounted, onUnmounted, ref, useTemplateRef } from 'vue';
import { codeReader } from './reader';

/** Several looks at each code, and time for the rest of the screen. */
const LOOK_MS = 150;
const WANTED = { video: { facingMode: 'environment', width: { ideal: 1280 } }, audio: false };

export function useCamera(done: (text: string) => boolean | Promise<boolean>) {
  const video = useTemplateRef<HTMLVideoElement>('video');
  const blind = ref(false);
  let stream: MediaStream | null = null;
  let over = false;

  onMounted(async () => {
    try {
      const read = await codeReader();
      stream = await navigator.mediaDevices.getUserMedia(WANTED);
      if (over || !video.value) return close();
      video.value.srcObject = stream;
      await video.value.play();
      while (!over) {
        const text = await read(video.value);
        if (text !== null && (await done(text))) return;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    } catch {
      blind.value = !over;
    }
  });
  onUnmounted(close);

  function close(): void {
    over = true;
    for (const track of stream?.getTracks() ?? []) track.stop();
  }

  return { blind };
}
