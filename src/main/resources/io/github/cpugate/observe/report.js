'use strict';
// Tells of each run. What a journal says goes into the page as text only.

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children); // strings become text
  return made;
}

function percent(value) {
  return Number.isFinite(value) ? `${Math.round(value)} %` : '–';
}

function known(value, digits = 0) {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}

function clock(seconds) {
  const two = number => String(number).padStart(2, '0');
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

function moved(step) {
  return step.limit !== step.limitBefore && Number.isFinite(step.limitBefore);
}

/** A step's own reason is that of the CPU limit; the limit may have moved since the API ceiling did. */
function whyMoved(step) {
  return underCeiling(step) || step.freed ? 'RATE_LIMITED' : step.reason;
}

/** Whether there is an API ceiling. */
function capped(step) {
  return step.apiCeiling < step.maxSlots;
}

const MOST_REASONS = 10;

function movesText(run, way) {
  const moves = run.steps.filter(step => moved(step) && Math.sign(step.limit - step.limitBefore) === way);
  const reasons = count(moves, whyMoved).slice(0, MOST_REASONS).map(([reason, times]) => `${reason} ${times}`);
  return moves.length === 0 ? 'none' : `${moves.length} (${reasons.join(', ')})`;
}

function figures(run) {
  const sum = field => run.steps.reduce((all, step) => all + (step[field] || 0), 0);
  const extreme = (field, better) => run.steps.map(step => step[field]).filter(Number.isFinite)
    .reduce((a, b) => Number.isNaN(a) ? b : better(a, b), NaN);
  const [lowest, highest] = [extreme('limit', Math.min), extreme('limit', Math.max)];
  return [
    ['CPU, mean', `${percent(mean(run.spans, step => step.raw))} of ${run.last.scope}`],
    ['this JVM, others', `${percent(mean(run.spans, step => step.own))}, ${percent(mean(run.spans, step => step.others))}`],
    ...(run.steps.some(step => step.peers > 0) ? [['other gates, their CPU',
      `${known(extreme('peers', Math.max))} at most, ${percent(mean(run.spans, ofPeers))}`],
    ['share of the target, mean', percent(mean(run.spans, step => step.share))]] : []),
    ['CPU above the target', `${percent(100 * mean(run.spans, step => Number.isFinite(step.raw)
      ? Number(step.raw > step.target) : NaN))} of the time`],
    ['in flight, mean', known(mean(run.spans, step => step.meanInFlight), 1)],
    ['limit', lowest === highest ? `${lowest}` : `${lowest} to ${highest}, ${run.last.limit} at the end`],
    ['bounds', run.fixed ? `fixed at ${run.last.maxSlots}` : `${known(run.last.minSlots)} to ${known(run.last.maxSlots)}`],
    ['admitted', `${sum('admitted')}`],
    ['timed out in line', `${sum('timedOut')}`],
    ...(sum('rejected') > 0 ? [['turned away, the line being full', `${sum('rejected')}`]] : []),
    ...(sum('paused') > 0 ? [['paused, mean', known(mean(run.spans, step => step.paused), 1)]] : []),
    ['limit raised', movesText(run, 1)],
    ['limit lowered', movesText(run, -1)],
    ...(run.refusals > 0 ? [['refused by the service', `${run.refusals}`], ['API ceiling',
      `lowest ${known(extreme('apiCeiling', Math.min))}, ${capped(run.last) ? run.last.apiCeiling : 'none'} at the end`]] : []),
    ...(run.faults ? [['no reading', run.faults]] : []),
  ];
}

function tell(run) {
  const began = Number.isFinite(run.began) ? new Date(run.began * 1000).toISOString().slice(0, 19).replace('T', ' ') : '';
  const brief = run.steps.length < 2;
  const card = element('section', {class: brief ? 'run brief' : 'run'});
  const part = (...children) => card.append(element('div', {}, ...children)); // in line with those of the other runs
  part(element('h2', {}, run.gate || 'gate'),
    element('p', {class: 'soft'}, [began && `began ${began} UTC`, `lasted ${clock(run.to - run.from)}`,
      `${run.steps.length} ${run.steps.length === 1 ? 'step' : 'steps'}`, [...run.files].join(', ')].filter(Boolean).join(' · ')));
  document.getElementById('runs').append(card);
  if (brief) {
    part(element('p', {class: 'answer'}, 'There is one step only: too little to tell where time went.'));
    return;
  }
  const [sentence, advice] = answer(run);
  part(element('p', {class: 'answer'}, sentence), element('p', {}, advice));
  const bar = element('div', {class: 'bar', 'aria-hidden': 'true'});
  const list = element('ul', {class: 'shares', 'aria-label': 'Shares of the run’s time'});
  for (const share of run.shares) {
    const color = `background: var(--${share.cause})`;
    bar.append(element('span', {style: `flex: ${share.exact} 0 0; ${color}`}));
    list.append(element('li', {}, element('span', {class: 'swatch', style: color}),
      element('b', {}, share.percent === 0 ? '<1 %' : `${share.percent} %`),
      element('span', {}, `${CAUSES[share.cause].label(run)} (${clock(share.seconds)})`)));
  }
  part(bar, list);
  const rows = figures(run);
  chart(run, part, 'CPU, percent', 220, cpuChart, `CPU over time: ${percent(mean(run.spans, step => step.raw))} on average, ` +
    `target ${percent(run.last.target)}`);
  chart(run, part, 'Slots', 180, slotsChart, `The limit over time, and slots in flight: ${rows[4][1]}`);
  chart(run, part, 'Callers in line', 110, lineChart, 'Callers in line over time');
  part(element('h3', {}, 'Figures'), element('table', {}, element('tbody', {},
    ...rows.map(([name, value]) => element('tr', {}, element('th', {scope: 'row'}, name),
      element('td', {}, value))))));
}

// --- The page

/** One time axis for all, so that runs can be compared; unless the short ones could not be read then. */
function shareAxis(runs) {
  const lengths = runs.map(run => run.to - run.from);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const comparable = lengths.every(length => length >= longest / 3);
  for (const run of runs) {
    run.axis = {from: run.from, to: run.from + (comparable ? longest : run.to - run.from)};
  }
}

function note(text) {
  const made = element('p', {class: 'soft'}, text);
  document.getElementById('notes').append(made);
  return made;
}

window.addEventListener('error', event => note(`This page has a fault: ${event.message}`));
window.addEventListener('unhandledrejection', event => note(`This page has a fault: ${event.reason}`));

/** Reads the journals. Lets the browser breathe in between, and says how far it is. */
async function read() {
  const progress = note('');
  let pausedAt = performance.now();
  const files = await readFiles(async share => {
    if (performance.now() - pausedAt > 200) {
      progress.textContent = `Reading the journals: ${percent(100 * share)}`;
      await new Promise(goOn => setTimeout(goOn));
      pausedAt = performance.now();
    }
  });
  progress.remove();
  return files;
}

function noteWhatIsLeftOut({name, steps, skipped}) {
  if (steps.length === 0 && skipped === 0) {
    note(`${name} is empty: the gate has made no step, or was not given this journal.`);
  } else if (steps.length === 0) {
    note(`${name} holds no steps of a gate (lines: ${skipped}).`);
  } else if (skipped > 0) {
    note(`${name}: ${skipped} ${skipped === 1 ? 'line is' : 'lines are'} left out, torn or not a step.`);
  }
}

const MOST_AT_ONCE = 20;

/** Tells of some runs, and of more once the reader is near the last of them. */
function tellSome(runs) {
  runs.slice(0, MOST_AT_ONCE).forEach(tell);
  if (runs.length > MOST_AT_ONCE) {
    new IntersectionObserver((changes, end) => {
      if (changes.some(change => change.isIntersecting)) {
        end.disconnect();
        tellSome(runs.slice(MOST_AT_ONCE));
      }
    }, {rootMargin: '100%'}).observe(document.getElementById('runs').lastElementChild);
  }
}

async function main() {
  const files = await read();
  const runs = runsOf(files);
  files.forEach(noteWhatIsLeftOut);
  runs.forEach(analyse);
  shareAxis(runs.filter(run => run.steps.length > 1));
  if (runs.length > MOST_AT_ONCE) {
    note(`${runs.length} runs; those further down appear when you scroll.`);
  }
  tellSome(runs);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
window.addEventListener('beforeprint', () => charts.forEach(draw));
window.addEventListener('afterprint', () => charts.forEach(chart => chart.inView || erase(chart)));
main();
