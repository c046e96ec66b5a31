'use strict';
// Draws a run, with Chart.js.

const MOST_MARKS = 100;

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;

const charts = new Map(); // by the elements that they are drawn in, while these are in view, or near

const inView = new IntersectionObserver(changes => {
  for (const {target, isIntersecting} of changes) {
    const chart = charts.get(target);
    chart.inView = isIntersecting;
    (isIntersecting ? draw : erase)(chart);
  }
}, {rootMargin: '50%'});

function chart(run, part, title, height, config, label) {
  const canvas = element('canvas', {role: 'img', 'aria-label': label});
  const place = element('div', {class: 'chart', style: `height: ${height}px`}, canvas);
  part(element('h3', {}, title), place);
  charts.set(place, {run, canvas, config});
  inView.observe(place);
}

function draw(chart) {
  if (!chart.drawn) {
    const style = getComputedStyle(document.documentElement);
    chart.run.outline ??= outline(chart.run.steps);
    chart.drawn = new Chart(chart.canvas, chart.config(chart.run, name => style.getPropertyValue('--' + name).trim()));
  }
}

function erase(chart) {
  chart.drawn?.destroy();
  delete chart.drawn;
}

function redraw() {
  const drawn = [...charts.values()].filter(chart => chart.drawn);
  drawn.forEach(erase);
  drawn.forEach(draw);
}

/** Steps that keep the outline: of each stretch the first, the extremes, and one that moved the limit; and the trend. */
function outline(steps) {
  if (steps.length <= MOST_POINTS) {
    return steps.map(step => ({...step, trend: step.smoothed}));
  }
  const stretch = Math.ceil(5 * steps.length / MOST_POINTS);
  const kept = [];
  for (let start = 0; start < steps.length; start += stretch) {
    const part = steps.slice(start, start + stretch);
    const best = better => part.reduce((a, b) => better(a, b) ? a : b);
    const some = new Set([part[0], best((a, b) => !(b.raw < a.raw)), best((a, b) => !(b.raw > a.raw)),
      best((a, b) => !(b.waiting > a.waiting)), part.find(moved)]);
    const known = part.map(step => step.smoothed).filter(Number.isFinite);
    const trend = known.reduce((a, b) => a + b, 0) / known.length;
    kept.push(...part.filter(step => some.has(step)).map(step => ({...step, trend})));
  }
  return kept;
}

function points(run, value) {
  return run.outline.map(step => ({x: step.elapsed, y: value(step)}));
}

function line(label, data, color, more) {
  return {label, data, borderColor: color, backgroundColor: color, borderWidth: 1.5, pointRadius: 0, pointHitRadius: 0,
    ...more};
}

function cpuChart(run, color) {
  const toPeers = step => step.own + ofPeers(step); // on top of our own
  const toOthers = step => step.own + step.others;
  const shares = run.steps.some(step => step.peers > 0);
  const peers = !shares ? [] : [line('other gates', points(run, toPeers), color('peers'), {borderWidth: 1, fill: 4,
    pointStyle: 'rect', backgroundColor: color('peers') + '59'})];
  const band = {stepped: 'before', borderWidth: 0, pointStyle: 'rect'};
  return config(run, color, [
    line('smoothed', points(run, step => step.trend), color('text'), {borderWidth: 2.5}),
    line('raw', points(run, step => step.raw), color('soft'), {borderWidth: 1}),
    line('target', points(run, step => step.target), color('floor'), {stepped: 'before', borderDash: [6, 4]}),
    line('0.8 × target to target', points(run, step => GROW_BELOW * step.target), color('floor') + '26',
      {...band, fill: 2}),
    line('this JVM', points(run, step => step.own), color('own'), {borderWidth: 1, fill: 'origin', pointStyle: 'rect',
      backgroundColor: color('own') + '59'}),
    ...peers,
    line('others', points(run, toOthers), color('others'), {borderWidth: 1, fill: 4 + peers.length, pointStyle: 'rect',
      backgroundColor: color('others') + '59'}),
  ], {max: 100}, step => [
    `CPU ${percent(step.raw)}, smoothed ${percent(step.smoothed)}, target ${percent(step.target)}`,
    shares ? `this JVM ${percent(step.own)}, other gates ${percent(ofPeers(step))}, others ` +
      `${percent(step.others - ofPeers(step))}` : `this JVM ${percent(step.own)}, others ${percent(step.others)}`,
    ...(step.health === 'OK' ? [] : [`${step.health}: ${step.detail.slice(0, 60)}`])]);
}

function slotsChart(run, color) {
  const marks = run.outline.map(moved);
  const few = marks.filter(Boolean).length <= MOST_MARKS;
  const up = step => step.limit > step.limitBefore;
  const side = (label, field, name, more) =>
    line(label, points(run, step => capped(step) ? step[field] : NaN), color(name), {stepped: 'before', ...more});
  const sides = !run.steps.some(capped) ? [] : [side('API ceiling', 'apiCeiling', 'api', {borderWidth: 4}),
    side('CPU limit', 'cpuLimit', 'cpu', {borderDash: [6, 4]})];
  return config(run, color, [
    line('limit', points(run, step => step.limit), color('text'), {stepped: 'before', borderWidth: 2,
      pointStyle: run.outline.map((step, i) => marks[i] ? 'triangle' : 'line'),
      pointRotation: run.outline.map(step => up(step) ? 0 : 180),
      pointRadius: marks.map(mark => mark && few ? 4 : 0),
      pointBackgroundColor: run.outline.map(step => color(up(step) ? 'climbing' : 'floor')),
      pointBorderWidth: 0}),
    ...sides,
    line('in flight', points(run, step => step.inFlight), color('own'), {borderWidth: 1, fill: 'origin', pointStyle: 'rect',
      backgroundColor: color('own') + '59'}),
  ], {}, step => [
    moved(step) ? `limit ${step.limitBefore} → ${step.limit}: ${whyMoved(step)}` : `limit ${step.limit}: ${step.reason}`,
    ...(capped(step) ? [`by CPU ${step.cpuLimit}, API ceiling ${step.apiCeiling}`] : []),
    ...(step.rateLimited > 0 ? [`refused by the service ${step.rateLimited} since the last step`] : []),
    `in flight ${step.inFlight}, bounds ${step.minSlots} to ${step.maxSlots}`]);
}

function lineChart(run, color) {
  return config(run, color, [
    line('waiting', points(run, step => step.waiting), color('ceiling'), {fill: 'origin', stepped: 'before',
      backgroundColor: color('ceiling') + '40'}),
  ], {}, step => [`waiting ${step.waiting}${step.paused > 0 ? `, paused ${step.paused}` : ''}`,
    `admitted ${step.admitted}, timed out ${step.timedOut} since the last step`]);
}

/** Shades the time without readings. */
function shade(run, color) {
  return {id: 'faults', beforeDatasetsDraw({ctx, chartArea, scales}) {
    ctx.fillStyle = color('fault') + '40';
    for (const span of run.shaded) {
      const from = scales.x.getPixelForValue(span.from);
      ctx.fillRect(from, chartArea.top, Math.max(1, scales.x.getPixelForValue(span.to) - from), chartArea.height);
    }
  }};
}

function config(run, color, datasets, y, told) {
  const length = run.axis.to - run.axis.from;
  const every = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]
    .find(seconds => length / seconds <= 8) ?? length / 8;
  const axis = {border: {color: color('rule')}, grid: {color: color('rule')}};
  return {
    type: 'line',
    data: {datasets},
    plugins: [shade(run, color)],
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, parsing: false, normalized: true,
      interaction: {mode: 'index', intersect: false},
      scales: {
        x: {type: 'linear', min: run.axis.from, max: run.axis.to, ...axis, afterBuildTicks: scale => {
          scale.ticks = [];
          for (let i = Math.ceil(run.axis.from / every); i * every <= run.axis.to; i++) {
            scale.ticks.push({value: i * every});
          }
        }, ticks: {color: color('soft'), maxRotation: 0, autoSkipPadding: 12, callback: clock}},
        y: {type: 'linear', min: 0, ...y, ...axis, afterFit: scale => scale.width = 40, // all begin at one place
          ticks: {color: color('soft'), precision: 0, maxTicksLimit: 6}},
      },
      plugins: {
        legend: {display: datasets.length > 1, position: 'bottom', labels: {color: color('text'), usePointStyle: true,
          boxHeight: 7, font: {size: 12}, generateLabels: chart => legend(chart, color)}},
        tooltip: {displayColors: false, filter: (item, index) => index === 0, callbacks: {
          title: items => items.length === 0 ? '' : clock(run.outline[items[0].dataIndex].elapsed),
          label: item => told(run.outline[item.dataIndex])}},
      },
    },
  };
}

function legend(chart, color) {
  return chart.data.datasets.map((set, datasetIndex) => ({text: set.label, datasetIndex, fontColor: color('text'),
    pointStyle: set.pointStyle === 'rect' ? 'rect' : 'line', fillStyle: set.backgroundColor, strokeStyle: set.borderColor,
    lineWidth: set.borderWidth, lineDash: set.borderDash ?? [], hidden: !chart.isDatasetVisible(datasetIndex)}));
}
