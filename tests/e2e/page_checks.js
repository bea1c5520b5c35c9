// What a browser can say about a page without an opinion: each check gives a list of problems.

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isVisible = (element) => element.checkVisibility({ visibilityProperty: true });
  const describe = (element) => {
    const opening = element.outerHTML.slice(0, element.outerHTML.indexOf(">") + 1);
    return `${opening} ${element.textContent.trim().replace(/\s+/g, " ").slice(0, 40)}`;
  };
  const texts = (ids) => ids.split(" ").map((id) => document.getElementById(id)?.textContent ?? "");

  function nameOf(element) {
    const labels = element.labels ? [...element.labels].map((label) => label.textContent) : [];
    const pictures = all("img[alt]", element).map((image) => image.alt);
    const ids = element.getAttribute("aria-labelledby") ?? "";
    const from = [element.getAttribute("aria-label") ?? "", ...texts(ids), ...labels, ...pictures];
    if (element.matches("button, a, summary")) from.push(element.textContent);
    return from.join("").trim();
  }

  function structure() {
    const problems = [];
    const say = (isWrong, text) => isWrong && problems.push(text);
    const once = { h1: "h1", main: "main", header: "body > header", footer: "body > footer" };
    for (const [name, selector] of Object.entries(once)) {
      const count = all(selector).filter(isVisible).length;
      say(count !== 1, `${count} × ${name}`);
    }
    say(!document.documentElement.lang, "no language");
    const levels = all("h1, h2, h3, h4").filter(isVisible).map((heading) => Number(heading.tagName[1]));
    say(levels.some((level, at) => at > 0 && level > levels[at - 1] + 1), `headings skip: ${levels}`);
    const ids = all("[id]").map((element) => element.id);
    say(new Set(ids).size !== ids.length, `an id twice: ${ids.filter((id, at) => ids.indexOf(id) !== at)}`);
    return problems;
  }

  function names() {
    const fields = "input:not([type=hidden]), select, textarea";
    const needy = `${fields}, button, a[href], summary, dialog, nav, progress, [role=region]`;
    const nameless = all(needy).filter((element) => !nameOf(element) && !element.matches("[hidden] *"));
    const problems = nameless.map((element) => `no name: ${describe(element)}`);
    problems.push(...all("img:not([alt])").map((image) => `no alt: ${describe(image)}`));
    problems.push(...all("[tabindex]").filter((element) => element.tabIndex > 0).map(describe));
    for (const attribute of ["for", "aria-labelledby", "aria-describedby"]) {
      for (const element of all(`[${attribute}]`)) {
        for (const id of element.getAttribute(attribute).split(" ")) {
          if (!document.getElementById(id)) problems.push(`no ${id} for ${describe(element)}`);
        }
      }
    }
    return problems;
  }

  // Nothing reaches over the right edge, unless it can be scrolled in a frame of its own.
  function width() {
    const page = document.scrollingElement;
    if (page.scrollWidth <= innerWidth) return [];
    const over = all("body *").filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
    return [`${page.scrollWidth} px wide`, ...over.slice(0, 3).map(describe)];
  }

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

  // Any CSS colour as [red, green, blue, alpha], each 0 to 1.
  function channels(color) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  }

  function over([r, g, b, alpha], below) {
    return [r, g, b].map((value, at) => value * alpha + below[at] * (1 - alpha));
  }

  function groundOf(element) {
    const grounds = [];
    for (let at = element; at; at = at.parentElement) {
      const ground = channels(getComputedStyle(at).backgroundColor);
      grounds.unshift(ground);
      if (ground[3] === 1) break;
    }
    return grounds.reduce((below, ground) => over(ground, below), channels("canvas"));
  }

  // WCAG 2.2, relative luminance and contrast ratio.
  function luminance(rgb) {
    const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  function contrast() {
    const problems = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !isVisible(element)) continue;
      if (element.closest(":disabled, option, svg, [data-stage]")) continue;
      const style = getComputedStyle(element);
      const ground = groundOf(element);
      const [light, dark] = [over(channels(style.color), ground), ground]
        .map(luminance)
        .sort((one, other) => other - one);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) problems.add(`contrast ${ratio.toFixed(2)}: ${describe(element)}`);
    }
    return [...problems];
  }

  return { structure, names, width, contrast, luminance, channels };
})()
