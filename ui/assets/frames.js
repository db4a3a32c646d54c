// Requests for a frame in, the same out, but for clocks: they tick once a second. Gradio's "Loading ..." screen has a clock
// that counts in every frame and does not stop when the screen has long been taken away (6.31). Because of it the browser
// would draw every page sixty times a second for ever, and the more there is on the page, the more time and memory each
// of them takes.
{
  const ask = window.requestAnimationFrame.bind(window);
  const isClock = (callback) => /performance\.now\(\) ?-/.test(String(callback));
  window.requestAnimationFrame = (callback) =>
    isClock(callback) ? setTimeout(() => callback(performance.now()), 1000) : ask(callback);
}
