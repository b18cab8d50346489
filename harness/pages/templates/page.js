/* What makes a page handier. Without it all is there, too.

   html.js                      set where scripts run; `.js-only` is hidden elsewhere
   [data-theme-toggle]          a button: automatic, light, dark; remembered
   [data-copy]                  a button: copies the text of [data-copied] beside it
   [data-item]                  what is filtered: articles, rows of a table
   [data-filter=NAME]           a button with data-value, or a select: shows items whose data-NAME is one of those chosen
   [data-search]                a field: shows items whose text holds all of its words
   [data-filters]               the form around filters and search; its reset shows all
   [data-group]                 hidden when all items in it are
   [data-count], [data-none]    how many items are shown; shown itself when none is
*/
(() => {
  'use strict';
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  root.classList.add('js');

  // From a file, some browsers refuse to remember anything.
  const remembered = (work) => { try { return work(localStorage); } catch { return null; } };
  const THEME = 'ws-harness-theme';
  const themes = ['auto', 'light', 'dark'];
  const show = (theme) => {
    root.dataset.theme = theme;
    for (const each of all('[data-theme-toggle] span')) each.textContent = theme;
  };
  const theme = remembered((storage) => storage.getItem(THEME));
  root.dataset.theme = themes.includes(theme) ? theme : 'auto';

  function toggleTheme() {
    const next = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
    show(next);
    remembered((storage) => storage.setItem(THEME, next));
  }

  async function copy(button) {
    const source = button.parentElement.querySelector('[data-copied]');
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  }

  /* The values chosen by each filter that chooses any: Map of name to Set. */
  function chosen() {
    const result = new Map();
    const choose = (name, value) => result.set(name, (result.get(name) ?? new Set()).add(value));
    for (const each of all('button[data-filter][aria-pressed="true"]')) choose(each.dataset.filter, each.dataset.value);
    for (const each of all('select[data-filter]')) if (each.value) choose(each.dataset.filter, each.value);
    return result;
  }

  const texts = new WeakMap();
  function textOf(item) {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  }

  function filter() {
    const wanted = [...chosen()];
    const words = all('[data-search]').flatMap((field) => field.value.toLowerCase().split(/\s+/)).filter(Boolean);
    const items = all('[data-item]');
    let shown = 0;
    for (const item of items) {
      const fits = wanted.every(([name, values]) => values.has(item.dataset[name]))
        && words.every((word) => textOf(item).includes(word));
      item.hidden = !fits;
      shown += fits;
    }
    for (const group of all('[data-group]')) group.hidden = !group.querySelector('[data-item]:not([hidden])');
    for (const each of all('[data-count]')) each.textContent = `${shown} of ${items.length}`;
    for (const each of all('[data-none]')) each.hidden = shown > 0;
  }

  function clear() {
    for (const each of all('button[data-filter]')) each.setAttribute('aria-pressed', 'false');
    for (const each of all('select[data-filter], [data-search]')) each.value = '';
    filter();
  }

  /* What the address names must be seen, even if a filter has hidden it. */
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest('[hidden]')) clear();
    for (let each = target.closest('details'); each; each = each.parentElement.closest('details')) each.open = true;
    target.scrollIntoView();
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if ('themeToggle' in button.dataset) toggleTheme();
    if ('copy' in button.dataset) copy(button);
    if ('filter' in button.dataset) {
      button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
      filter();
    }
  });
  document.addEventListener('input', (event) => {
    if (event.target.matches('[data-search], select[data-filter]')) filter();
  });
  document.addEventListener('submit', (event) => event.preventDefault());
  document.addEventListener('reset', (event) => {
    event.preventDefault();
    clear();
  });
  document.addEventListener('keydown', (event) => {
    const field = document.querySelector('[data-search]');
    if (!field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/' && !event.target.matches('input, select, textarea')) {
      event.preventDefault();
      field.focus();
    } else if (event.key === 'Escape' && event.target === field) {
      clear();
    }
  });
  // What is folded is printed, too, and folded again afterwards.
  addEventListener('beforeprint', () => {
    for (const each of all('details.more:not([open])')) { each.open = true; each.dataset.printed = ''; }
  });
  addEventListener('afterprint', () => {
    for (const each of all('details[data-printed]')) { each.open = false; delete each.dataset.printed; }
  });
  addEventListener('hashchange', reveal);
  document.addEventListener('DOMContentLoaded', () => {
    show(root.dataset.theme);
    filter();
    if (location.hash) reveal();
  });
})();
