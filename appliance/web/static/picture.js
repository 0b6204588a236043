// The camera's picture, frame by frame: asked for as fast as it can be drawn, and only while somebody can see it.

const PAUSE_MS = 1000;
const GONE_MS = 4000;

export function showPicture(canvas, isWanted) {
  const context = canvas.getContext("2d", { alpha: false });
  let number = 0;
  let drawnAt = -GONE_MS;

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const step = async () => {
    const answer = await fetch(`/preview.jpg?after=${number}`, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (answer.status !== 200) return answer.status === 204;
    number = Number(answer.headers.get("X-Picture"));
    const picture = await createImageBitmap(await answer.blob());
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      canvas.width = picture.width;
      canvas.height = picture.height;
      canvas.parentElement.style.setProperty("--aspect", `${picture.width} / ${picture.height}`);
    }
    context.drawImage(picture, 0, 0);
    picture.close();
    drawnAt = performance.now();
    canvas.hidden = false;
    return true;
  };
  const loop = async () => {
    for (;;) {
      const wanted = isWanted();
      const well = wanted && (await step().catch(() => false));
      if (performance.now() - drawnAt > GONE_MS && wanted) canvas.hidden = true;
      if (!well) await pause(wanted ? PAUSE_MS : 100);
    }
  };
  loop();
}
