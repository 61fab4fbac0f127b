/** Elements, made without markup: text from data is only ever set as text. */

export type Child = Node | string | number | null | undefined | false | readonly Child[];

type Options = Record<string, string | number | boolean | EventListener | ((event: never) => void) | null | undefined>;

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `on…` are listeners, `class` and the like attributes; true sets one without a value, false none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: Options = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  set(node, options);
  append(node, children);
  return node;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  options: Options = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS(SVG, tag);
  set(node, options);
  append(node, children);
  return node;
}

/** An icon: paths of a 24 × 24 grid, drawn with the colour of the text round it. */
export function icon(path: string, size = 20): SVGSVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 24 24", width: size, height: size, class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: path }),
  );
}

function set(node: Element, options: Options): void {
  for (const [key, value] of Object.entries(options)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(key.slice(2), value as EventListener);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
}

function append(node: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (Array.isArray(child)) append(node, child as readonly Child[]);
    else if (child !== null && child !== undefined && child !== false) node.append(child as Node | string);
  }
}

/**
 * Put new content into `target` without losing the place: what had the focus keeps it (by its `data-key`), and what was
 * scrolled stays so.
 */
export function refill(target: HTMLElement, ...children: Child[]): void {
  const focused = target.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  const key = focused?.dataset["key"];
  const top = target.scrollTop;
  target.replaceChildren();
  append(target, children);
  target.scrollTop = top;
  if (key !== undefined) target.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Let arrow keys go from one of a list's buttons (`data-step`) to the next, beside Tab. */
export function steps(list: HTMLElement): void {
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll<HTMLElement>("[data-step]")];
    const at = all.indexOf(event.target as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined || !all[to]) return;
    event.preventDefault();
    all[to].focus();
  });
}

export const ICONS = {
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm4.8 11.3L20.5 20.5",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  link: "M9.5 14.5l5-5M8 11l-2.2 2.2a3.6 3.6 0 0 0 5 5L13 16M16 13l2.2-2.2a3.6 3.6 0 0 0-5-5L11 8",
  print: "M7 9V4h10v5M7 17H4.5V9.5h15V17H17M7 14h10v6H7z",
  target: "M12 3v4M12 17v4M3 12h4M17 12h4M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z",
  left: "M14.5 5.5L8 12l6.5 6.5",
  right: "M9.5 5.5L16 12l-6.5 6.5",
  swap: "M8 5L4 9l4 4M4 9h15M16 11l4 4-4 4M20 15H5",
  plan: "M4 6.5l5.5-2.5 5 2.5L20 4v13.5L14.5 20l-5-2.5L4 20zM9.5 4v13.5M14.5 6.5V20",
  up: "M5.5 14.5L12 8l6.5 6.5",
  down: "M5.5 9.5L12 16l6.5-6.5",
  layers: "M12 4l8.5 4.5L12 13 3.5 8.5 12 4ZM3.5 13L12 17.5 20.5 13",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
  info: "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM12 11v5.5M12 7.6v.01",
} as const;
