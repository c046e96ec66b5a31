'use strict';
// Reads the journals that are in this page, and finds out where each run's time went.

const GROW_BELOW = 0.8; // × target
const RUNS_APART = 30; // seconds by which two runs of one gate differ in when they began
const GAP = 5; // × the usual time between steps
const MOST_POINTS = 1000; // of a chart

/** What the time between two steps can be put down to. `because` ends the sentence that answers. */
const CAUSES = {
  api: {
    label: () => 'the service’s rate limit',
    because: () => 'the service refused to serve more at once',
    advice: run => `It let ${during(run, 'api', step => step.limit).toFixed(1)} run at once on average. ` +
      `${meanwhile(run, 'api')}: a higher rate limit would have gained ${gain(run, 'api')}`,
  },
  own: {
    label: () => 'this JVM’s own CPU',
    because: () => 'this JVM’s own sessions held the CPU at its target',
    advice: () => 'More of them at once would only have slowed each other down. Less work per session, more cores or a ' +
      'higher target would help.',
  },
  peers: {
    label: () => 'other gates’ CPU',
    because: () => 'other gates, with which it shares the machine, had the larger part of the CPU',
    advice: run => `${meanwhile(run, 'peers')}: each of them gets an equal part of the target.`,
  },
  others: {
    label: () => 'other processes’ CPU',
    because: () => 'other processes had the larger part of the CPU',
    advice: run => `${meanwhile(run, 'others')}: look at what else ran on this machine.`,
  },
  cpu: {
    label: () => 'CPU, whose is not known',
    because: () => 'the CPU was at its target; whose it was is not known',
    advice: () => '',
  },
  floor: {
    label: run => `at the ${run.fixed ? 'fixed limit' : 'floor'}, CPU above the target`,
    because: run => run.fixed ? `the limit was fixed at ${run.last.maxSlots}, with CPU above the target`
      : `the limit was at its floor of ${run.last.minSlots}, with CPU above the target`,
    advice: run => run.fixed ? `${meanwhile(run, 'floor')}: fewer at once would have slowed each other down less.`
      : `${meanwhile(run, 'floor')}. If that is too much, lower minSlots; if not, raise the target.`,
  },
  ceiling: {
    label: run => run.fixed ? 'at the fixed limit, CPU not above the target' : 'at the ceiling',
    because: run => run.fixed ? `the limit was fixed at ${run.last.maxSlots}`
      : `the limit was at its ceiling of ${run.last.maxSlots}`,
    advice: run => `${meanwhile(run, 'ceiling')}: a higher limit would have gained ${gain(run, 'ceiling')}`,
  },
  climbing: {
    label: () => 'still climbing',
    because: () => 'the limit was still on its way up',
    advice: () => 'A higher initialSlots gets there sooner, and so does StepPolicy.headroom() if the policy is another one.',
  },
  fault: {
    label: () => 'no CPU reading',
    because: () => 'there was no CPU reading to act on',
    advice: run => 'The limit is held meanwhile. ' + run.faults,
  },
  demand: {label: () => 'no demand: nobody waited'},
  missing: {label: () => 'steps are missing'},
};

// --- Reading

// A journal comes from outside. A value that no gate writes counts as unknown, so that nothing overflows or never ends.
const seconds = value => value >= 0 && value <= 1e9; // 31 years
const percentage = value => value >= 0 && value <= 100;
const slots = value => Number.isInteger(value) && value >= 0 && value < 2 ** 31;
const number = value => Number.isSafeInteger(value) && value >= 0;
const NUMBERS = Object.entries({
  elapsed: seconds, raw: percentage, smoothed: percentage, own: percentage, others: percentage, target: percentage,
  limitBefore: slots, limit: slots, minSlots: slots, maxSlots: slots, inFlight: slots,
  meanInFlight: value => value >= 0 && value < 2 ** 31, waiting: slots, admitted: number, timedOut: number,
  // not in journals of old:
  cpuLimit: slots, apiCeiling: slots, rateLimited: number,
  heldBackByCpu: seconds, heldBackByApi: seconds, heldBackByMaxSlots: seconds,
  paused: slots, rejected: number, peers: slots, share: percentage, peersCpu: percentage,
});
const TEXTS = ['gate', 'scope', 'detail'];
const NAMES = ['reason', 'health']; // of constants
const MOST_CHARACTERS = 200;
const YEAR_10000 = 253402300800; // seconds

function readSteps(text, steps) {
  let skipped = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      continue;
    }
    try {
      steps.push(stepOf(JSON.parse(line)));
    } catch (e) {
      skipped++; // torn by a kill, or not ours
    }
  }
  return skipped;
}

function stepOf(json) {
  const step = {};
  for (const [field, isPossible] of NUMBERS) {
    step[field] = typeof json[field] === 'number' && isPossible(json[field]) ? json[field] : NaN;
  }
  for (const field of TEXTS) {
    step[field] = typeof json[field] === 'string' ? shown(json[field]) : '';
  }
  for (const field of NAMES) {
    step[field] = typeof json[field] === 'string' && /^[A-Z_]{1,40}$/.test(json[field]) ? json[field] : '';
  }
  const time = Date.parse(json.time) / 1000;
  step.time = time >= 0 && time < YEAR_10000 ? time : NaN;
  step.limitReached = json.limitReached === true;
  if (![step.elapsed, step.limit, step.target].every(Number.isFinite)) {
    throw new Error('not a step');
  }
  return step;
}

/** A text for the page: short, and without characters that would change how the text around it reads. */
function shown(text) {
  const short = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) + '…' : text;
  return short.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

function began(step) {
  return step.time - step.elapsed;
}

/** A gate built anew begins at 0 again; and did not begin when the one before it did. */
function goesOn(run, step) {
  return run.last.elapsed < step.elapsed && !(Math.abs(began(step) - began(run.last)) > RUNS_APART);
}

/**
 * Runs of the files' steps. Of files that were renamed for their size, and of gates that write to one file by turns, a
 * run goes on where it left off.
 */
function runsOf(files) {
  const runs = [];
  const open = new Map(); // by gate
  const left = new Map(); // the latest one by gate and by when it began
  const place = (gate, began, next) => `${Math.floor(began / RUNS_APART) + next} ${gate}`;
  for (const {name, steps} of files) {
    for (const step of steps) {
      let run = open.get(step.gate);
      if (!run || !goesOn(run, step)) {
        if (run) {
          left.set(place(run.gate, began(run.last), 0), run);
        }
        run = [0, -1, 1].map(next => left.get(place(step.gate, began(step), next)))
          .find(other => other && goesOn(other, step));
        if (!run) {
          run = {gate: step.gate, began: began(step), steps: [], files: new Set()};
          runs.push(run);
        }
        open.set(step.gate, run);
      }
      run.files.add(name);
      run.steps.push(step);
      run.last = step;
    }
  }
  return runs;
}

/** The journals, in parts of a few megabytes; {@code progress} is awaited after each. */
async function readFiles(progress) {
  const files = [];
  const parts = [...document.querySelectorAll('script[type="application/jsonl"]')];
  for (const [i, part] of parts.entries()) {
    if ('file' in part.dataset) {
      files.push({name: shown(part.dataset.file), steps: [], skipped: 0});
    }
    const file = files[files.length - 1];
    file.skipped += readSteps(part.textContent, file.steps);
    await progress((i + 1) / parts.length);
  }
  return files.sort((a, b) => (a.steps[0]?.time || 0) - (b.steps[0]?.time || 0));
}

// --- Finding out

/** What the time that a step tells of can be put down to, in parts. */
function partsOf(step, seconds) {
  const idle = failed(step) ? 'fault' : 'demand';
  const bound = step.heldBackByCpu + step.heldBackByApi + step.heldBackByMaxSlots;
  if (bound > 0) {
    const all = bound > 0.99 * seconds; // the clock is read for the step, and for the line
    const scale = all ? seconds / bound : 1;
    return [
      {cause: 'api', waited: true, seconds: scale * step.heldBackByApi},
      {cause: causeOf(step, true), waited: true, seconds: scale * step.heldBackByMaxSlots},
      {cause: causeOf(step, false), waited: true, seconds: scale * step.heldBackByCpu},
      {cause: idle, waited: false, seconds: all ? 0 : seconds - bound},
    ].filter(part => part.seconds > 0);
  }
  // Nobody stood in line, but callers may have been sent away; or the journal is of old, and does not tell.
  if (!step.limitReached && !(step.waiting > 0)) {
    return [{cause: idle, waited: false, seconds}];
  }
  return [{cause: underCeiling(step) ? 'api' : causeOf(step, limitOf(step) >= step.maxSlots), waited: true, seconds}];
}

function failed(step) {
  return step.health !== 'OK' || step.reason === 'POLICY_FAILED';
}

/** Whether the API ceiling is what counts, after the step. */
function underCeiling(step) {
  return step.limit < step.cpuLimit;
}

/** CPU of other gates that share the machine: of others, but the readings are not of one moment. */
function ofPeers(step) {
  return Math.min(step.others, step.peersCpu || 0);
}

/** What CPU allowed, before the step. */
function limitOf(step) {
  return underCeiling(step) ? step.cpuLimit : Number.isFinite(step.limitBefore) ? step.limitBefore : step.limit;
}

/** Why callers waited for the limit that goes by CPU. */
function causeOf(step, atMost) {
  const above = Math.min(step.raw, step.smoothed) > step.target;
  if (failed(step)) {
    return 'fault';
  } else if (atMost && !above) {
    return 'ceiling';
  } else if (Math.max(step.raw, step.smoothed) < GROW_BELOW * step.target) {
    return 'climbing';
  } else if (step.others > step.own) {
    return ofPeers(step) > step.others - ofPeers(step) ? 'peers' : 'others';
  } else if (limitOf(step) <= step.minSlots && above) {
    return 'floor';
  } else {
    return Number.isNaN(step.own) ? 'cpu' : 'own';
  }
}

function analyse(run) {
  const steps = run.steps;
  const gaps = steps.slice(1).map((step, i) => step.elapsed - steps[i].elapsed).sort((a, b) => a - b);
  const usual = gaps.length === 0 ? steps[0].elapsed : gaps[gaps.length >> 1];
  run.from = Math.max(0, steps[0].elapsed - usual); // a file that goes on from one that is not here
  run.to = run.last.elapsed;
  run.fixed = run.last.minSlots === run.last.maxSlots;
  run.refusals = steps.reduce((sum, step) => sum + (step.rateLimited || 0), 0);
  run.spans = [];
  let end = run.from;
  for (const [i, step] of steps.entries()) {
    if (i > 0 && step.rateLimited > 0) {
      step.limitBefore = steps[i - 1].limit; // a refusal lowers it between two steps
    }
    step.freed = i > 0 && underCeiling(steps[i - 1]) && step.limit > step.limitBefore;
    if (step.elapsed - end > GAP * usual) {
      run.spans.push({from: end, to: step.elapsed - usual, cause: 'missing', step});
      end = step.elapsed - usual;
    }
    for (const {cause, waited, seconds} of partsOf(step, step.elapsed - end)) {
      run.spans.push({from: end, to: end + seconds, cause, waited, step});
      end += seconds;
    }
    end = step.elapsed;
  }
  run.shaded = shaded(run.spans, (run.to - run.from) / MOST_POINTS);
  const faults = count(steps.filter(step => step.health !== 'OK'), step =>
    step.health === 'STARTING' ? 'STARTING: the first reading comes with a later step' : `${step.health}: ${step.detail}`);
  run.faults = faults.map(([what, times]) => `${what} (${times}×)`).slice(0, 3).join('; ');
  run.shares = wholePercents(sums(run.spans));
}

/** The times without readings; those less than {@code apart} seconds from each other as one. */
function shaded(spans, apart) {
  const shaded = [];
  for (const {cause, from, to} of spans) {
    const before = shaded[shaded.length - 1];
    if (cause !== 'fault' && cause !== 'missing') {
      continue;
    } else if (before && from - before.to <= apart) {
      before.to = to;
    } else {
      shaded.push({from, to});
    }
  }
  return shaded;
}

function sums(spans) {
  const sums = new Map();
  for (const span of spans) {
    sums.set(span.cause, (sums.get(span.cause) ?? 0) + span.to - span.from);
  }
  return [...sums].filter(([, seconds]) => seconds > 0).sort((a, b) => b[1] - a[1]);
}

/** Rounded so that they add up to 100: what is left over goes to those that lost most by rounding. */
function wholePercents(sums) {
  const all = sums.reduce((sum, [, seconds]) => sum + seconds, 0);
  const shares = sums.map(([cause, seconds]) => ({cause, seconds, exact: 100 * seconds / all}));
  shares.forEach(share => share.percent = Math.floor(share.exact));
  const left = 100 - shares.reduce((sum, share) => sum + share.percent, 0);
  [...shares].sort((a, b) => b.exact % 1 - a.exact % 1).slice(0, left).forEach(share => share.percent++);
  return shares;
}

function mean(spans, value) {
  let sum = 0;
  let time = 0;
  for (const span of spans) {
    if (span.cause !== 'missing' && Number.isFinite(value(span.step, span))) {
      sum += value(span.step, span) * (span.to - span.from);
      time += span.to - span.from;
    }
  }
  return sum / time;
}

function during(run, cause, value) {
  return mean(run.spans.filter(span => span.cause === cause), value);
}

function meanwhile(run, cause) {
  const cpu = during(run, cause, step => step.raw);
  return `CPU was at ${percent(cpu)} meanwhile, with a target of ${percent(run.last.target)}`;
}

/** What a higher limit would have gained. */
function gain(run, cause) {
  return during(run, cause, step => step.raw) < GROW_BELOW * run.last.target ? 'time.' : 'little.';
}

function count(items, key) {
  const counts = new Map();
  items.forEach(item => counts.set(key(item), (counts.get(key(item)) ?? 0) + 1));
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function answer(run) {
  const share = 100 * mean(run.spans, (step, span) => span.waited ? 1 : 0);
  const main = run.shares.find(one => CAUSES[one.cause].because);
  const refused = run.refusals > 0 ? `The service refused ${run.refusals} ${run.refusals === 1 ? 'time' : 'times'}.` : '';
  if (!(share > 0) || !main) {
    return ['Nobody waited: the gate held nobody up.', refused];
  }
  const often = share < 1 ? 'less than 1 %' : percent(share);
  const mostly = run.shares.filter(one => CAUSES[one.cause].because).length > 1 ? 'mostly since' : 'since';
  return [`Callers waited ${often} of the time, ${mostly} ${CAUSES[main.cause].because(run)}.`,
    `${CAUSES[main.cause].advice(run)} ${refused}`];
}
