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

function movesText(run, way) {
  const moves = run.steps.filter(step => moved(step) && Math.sign(step.limit - step.limitBefore) === way);
  const reasons = count(moves, whyMoved).map(([reason, times]) => `${reason} ${times}`);
  return moves.length === 0 ? 'none' : `${moves.length} (${reasons.join(', ')})`;
}

function figures(run) {
  const sum = field => run.steps.reduce((all, step) => all + (step[field] || 0), 0);
  const extreme = (field, better) => run.steps.map(step => step[field]).reduce((a, b) => better(a, b));
  const [lowest, highest] = [extreme('limit', Math.min), extreme('limit', Math.max)];
  return [
    ['CPU, mean', `${percent(mean(run.spans, step => step.raw))} of ${run.last.scope}`],
    ['this JVM, others', `${percent(mean(run.spans, step => step.own))}, ${percent(mean(run.spans, step => step.others))}`],
    ['CPU above the target', `${percent(100 * mean(run.spans, step => Number.isFinite(step.raw)
      ? Number(step.raw > step.target) : NaN))} of the time`],
    ['in flight, mean', mean(run.spans, step => step.meanInFlight).toFixed(1)],
    ['limit', lowest === highest ? `${lowest}` : `${lowest} to ${highest}, ${run.last.limit} at the end`],
    ['bounds', run.fixed ? `fixed at ${run.last.maxSlots}` : `${run.last.minSlots} to ${run.last.maxSlots}`],
    ['admitted', `${sum('admitted')}`],
    ['timed out in line', `${sum('timedOut')}`],
    ['limit raised', movesText(run, 1)],
    ['limit lowered', movesText(run, -1)],
    ...(run.refusals > 0 ? [['refused by the service', `${run.refusals}`], ['API ceiling',
      `lowest ${extreme('apiCeiling', Math.min)}, ${capped(run.last) ? run.last.apiCeiling : 'none'} at the end`]] : []),
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
      `${run.steps.length} ${run.steps.length === 1 ? 'step' : 'steps'}`, run.file].filter(Boolean).join(' · ')));
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
  run.charts = [
    chart(part, 'CPU, percent', 220, cpuChart, `CPU over time: ${percent(mean(run.spans, step => step.raw))} on average, ` +
      `target ${percent(run.last.target)}`),
    chart(part, 'Slots', 180, slotsChart, `The limit over time, and slots in flight: ${figures(run)[4][1]}`),
    chart(part, 'Callers in line', 110, lineChart, 'Callers in line over time'),
  ];
  part(element('h3', {}, 'Figures'), element('table', {}, element('tbody', {},
    ...figures(run).map(([name, value]) => element('tr', {}, element('th', {scope: 'row'}, name),
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
  document.getElementById('notes').append(element('p', {class: 'soft'}, text));
}

window.addEventListener('error', event => note(`This page has a fault: ${event.message}`));

const {files, runs} = readAll();
for (const {name, steps, skipped} of files) {
  if (steps.length === 0 && skipped === 0) {
    note(`${name} is empty: the gate has made no step, or was not given this journal.`);
  } else if (steps.length === 0) {
    note(`${name} holds no steps of a gate (lines: ${skipped}).`);
  } else if (skipped > 0) {
    note(`${name}: ${skipped} ${skipped === 1 ? 'line is' : 'lines are'} left out, torn or not a step.`);
  }
}
runs.forEach(analyse);
runs.forEach(run => run.outline = outline(run.steps));
shareAxis(runs.filter(run => run.steps.length > 1));
runs.forEach(tell);
draw(runs);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => draw(runs));
