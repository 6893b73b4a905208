"""Measures the page's Body step: from the pointer to a picture on the canvas, and standing a figure up.

Pictures are asked for as the page asks, square, and count when they are decoded; the server, its renderer and the
browser share the machine.
"""

from __future__ import annotations

from typing import Any

from scripts.served import ask, open_file, opened, root, wait

# Medians in milliseconds of twenty-five answers to a camera that turns, or a wrist that moves, at x pixels square.
looking = """
(async () => {
  const { work, editor: body } = studio.body;
  const { view } = body.told(true);
  const square = (k) => {
    const { T_camera_world: T, focal, size } = view.camera;
    const [c, s] = [Math.cos(0.05 * k), Math.sin(0.05 * k)];
    const scale = x.side / Math.max(...size);
    const turned = T.map((row) => [row[0] * c + row[2] * s, row[1], -row[0] * s + row[2] * c, row[3]]);
    const middle = (x.side - 1) / 2;
    return { size: [x.side, x.side], focal: focal * scale, center: [middle, middle], T_camera_world: turned };
  };
  const times = [];
  for (let k = 0; k < 28; k++) {
    const began = performance.now();
    const moving = { ...view, camera: square(x.drag ? 0 : k), moving: !x.rest };
    const edit = { kind: "drag", joint: "left_wrist", to: [x.side * (0.6 + 0.004 * k), x.side * 0.4], pins: [] };
    const drawing = { camera: view.camera, skeleton: "wholebody133" };
    const answer = x.drag
      ? await work.ask("body_edit", { bodies: work.bodies, index: 0, edit, view: moving, drawing })
      : await work.ask("body_view", { ...moving, bodies: work.bodies });
    const image = new Image();
    image.src = answer.image;
    await image.decode();
    times.push(performance.now() - began);
  }
  return times.slice(3).sort((a, b) => a - b)[12];
})()
"""
# Milliseconds that a figure without a body takes to stand up.
standing = """
(async () => {
  const document = files.bare();
  const lying = { ...document, people: document.people.map((person) => ({ ...person, body: null })) };
  const began = performance.now();
  await studio.body.work.ask("body_fit", { document: lying, indices: [0] });
  return performance.now() - began;
})()
"""
# Milliseconds between pictures shown while the pointer orbits, through the page's own gestures.
orbiting = """
(async () => {
  const { editor: body } = studio.body;
  const { left, top, width, height } = body.front.getBoundingClientRect();
  const send = (type, dx) => body.front.dispatchEvent(new PointerEvent(type, {
    clientX: left + width * 0.12 + dx, clientY: top + height * 0.6, pointerId: 1, pointerType: "mouse",
    button: type === "pointermove" ? -1 : 0, buttons: type === "pointerup" ? 0 : 1, bubbles: true,
  }));
  send("pointerdown", 0);
  const [began, shown] = [performance.now(), body.shown];
  for (let k = 0; performance.now() - began < 3000; k++) {
    send("pointermove", 3 * k);
    await new Promise(requestAnimationFrame);
  }
  const each = (performance.now() - began) / (body.shown - shown);
  send("pointerup", 0);
  return each;
})()
"""


def figures(browser: Any, url: str) -> list[tuple[str, float, str, tuple[float, bool] | None]]:
    """Lines (what, value, unit, budget and whether it is a least)."""
    page = opened(browser, url)
    open_file(page, root / "assets" / "examples" / "dancer.jpg")
    page.click("button.primary:text-is('Find the pose')")
    wait(page, "!files.job && store.doc.people.length")
    page.click(".step[data-step=body]")
    wait(page, "studio.body.work.standing.length === 1 && studio.body.editor.shown")
    rows: list[tuple[str, float, str, tuple[float, bool] | None]] = [
        ("body page: a drawn figure stood up", ask(page, standing), "ms", None)
    ]
    kinds = (("orbit", {}, 60.0, 130.0), ("a wrist dragged", {"drag": True}, 60.0, 130.0))
    for what, how, at_512, at_1024 in kinds:
        for side, budget in ((512, at_512), (1024, at_1024)):
            value = ask(page, looking, {"side": side} | how)
            rows.append((f"body page: {what}, pointer to picture at {side}²", value, "ms", (budget, False)))
    rows.append(
        ("body page: picture at rest, 1024²", ask(page, looking, {"side": 1024, "rest": True}), "ms", (500.0, False))
    )
    ask(page, "studio.body.editor.ready('front')")
    rows.append(("body page: between pictures while the pointer orbits", ask(page, orbiting), "ms", None))
    page.context.close()
    return rows
