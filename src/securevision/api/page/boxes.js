// Boxes and names over the live picture, each with the picture that it was seen in.

const KEPT = 50;
const NEAR_MS = 600;

/** Keeps what was followed, and paints what belongs to the picture that is shown. */
export class BoxPainter {
  #canvas;
  #looks = [];

  constructor(canvas) {
    this.#canvas = canvas;
  }

  take(look) {
    this.#looks.push(look);
    if (this.#looks.length > KEPT) this.#looks.shift();
  }

  /** Paint over a video whose shown picture was taken at `shownMs`; null when that is not known. */
  paint(video, shownMs) {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    // Recognition takes longer than the picture: the newest look at or before it is the nearest there is.
    const look = shownMs === null ? undefined : this.#looks.findLast(({ ts_ms: ts }) => ts <= shownMs);
    if (!look || shownMs - look.ts_ms > NEAR_MS || !video.videoWidth) return;
    const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
    const shown = { width: video.videoWidth * scale, height: video.videoHeight * scale };
    const left = (width - shown.width) / 2;
    const top = (height - shown.height) / 2;
    pen.lineWidth = 2;
    pen.font = "600 14px system-ui, sans-serif";
    for (const { name, box: [x1, y1, x2, y2] } of look.items) {
      const x = left + x1 * shown.width;
      const y = top + y1 * shown.height;
      pen.strokeStyle = name ? "#4fc5b7" : "#ecc26d";
      pen.strokeRect(x, y, (x2 - x1) * shown.width, (y2 - y1) * shown.height);
      const words = name ?? "unknown";
      pen.fillStyle = "#101418cc";
      pen.fillRect(x, y - 22, pen.measureText(words).width + 12, 20);
      pen.fillStyle = pen.strokeStyle;
      pen.fillText(words, x + 6, y - 7);
    }
  }
}
