// Scripts that look at a page as its user would.
#pragma once

namespace flm::browser {

/// Each text that is seen against what is behind it: those that WCAG 2.2, 1.4.3 calls too faint.
inline constexpr const char* faint_texts = R"(
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parts(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || element.closest(':disabled, noscript, option') || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const [a, b] = [luminance(parts(style.color)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.push(`${text.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return faint;)";

/// What has the keyboard, and whether it can be seen: null at the end of the page.
inline constexpr const char* focused = R"(
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const shown = element.closest('.segment, .chip') ?? element;
  const style = getComputedStyle(shown), box = shown.getBoundingClientRect();
  return {name: `${element.tagName} ${element.id} ${element.textContent.slice(0, 20)}`,
          seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.right > 0 && box.left < innerWidth};)";

}  // namespace flm::browser
