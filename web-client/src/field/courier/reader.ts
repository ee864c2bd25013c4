// Reads a QR code from what the camera shows: with the browser's own detector where it has one, else with ours.

interface Detector {
  detect(frame: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

interface DetectorClass {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

export async function codeReader(): Promise<(frame: HTMLVideoElement) => Promise<string | null>> {
  const own = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  const formats = (await own?.getSupportedFormats().catch(() => [])) ?? [];
  if (own && formats.includes('qr_code')) {
    const detector = new own({ formats: ['qr_code'] });
    return async (frame) => (await detector.detect(frame).catch(() => []))[0]?.rawValue ?? null;
  }
  const { default: decode } = await import('qr/decode.js');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (frame) => {
    [canvas.width, canvas.height] = [frame.videoWidth, frame.videoHeight];
    if (!context || canvas.width === 0) return null;
    context.drawImage(frame, 0, 0);
    try {
      return decode(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      // No code in this frame.
      return null;
    }
  };
}
