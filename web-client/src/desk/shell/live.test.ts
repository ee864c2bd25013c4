import { effectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepLive, useLive } from './useLive';
import { linkTo, named } from './usePage';

class FakeEvents {
  static readonly CLOSED = 2;
  static opened: FakeEvents[] = [];
  readyState = 1;
  onopen: () => void = () => {};
  onmessage: () => void = () => {};
  onerror: () => void = () => {};
  closed = false;
  constructor(readonly address: string) {
    FakeEvents.opened.push(this);
  }
  close() {
    this.closed = true;
  }
}

const page = { visibilityState: 'visible', follow: () => {} };
const document = {
  get visibilityState() {
    return page.visibilityState;
  },
  addEventListener: (_: string, follow: () => void) => {
    page.follow = follow;
  },
  removeEventListener: () => {},
};

describe('listening for arrivals', () => {
  beforeEach(() => {
    FakeEvents.opened = [];
    page.visibilityState = 'visible';
    vi.useFakeTimers();
    vi.stubGlobal('EventSource', FakeEvents);
    vi.stubGlobal('document', document);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const listen = () => {
    const arrived = vi.fn();
    const scope = effectScope();
    scope.run(() => keepLive(arrived));
    return { arrived, scope };
  };
  const last = () => FakeEvents.opened.at(-1)!;

  it('tells of every event, and is live only while the connection is', () => {
    const { arrived, scope } = listen();
    expect(useLive().live.value).toBe(false);
    last().onopen();
    last().onmessage();
    expect(arrived).toHaveBeenCalledTimes(2);
    expect(useLive().live.value).toBe(true);
    last().onerror();
    expect(useLive().live.value).toBe(false);
    scope.stop();
    expect(last().closed).toBe(true);
  });

  it('gives its connection back while nobody looks', () => {
    const { scope } = listen();
    page.visibilityState = 'hidden';
    page.follow();
    expect(last().closed).toBe(true);
    page.visibilityState = 'visible';
    page.follow();
    expect(FakeEvents.opened).toHaveLength(2);
    scope.stop();
  });

  it('asks when it is refused, and tries again later', () => {
    const { arrived, scope } = listen();
    last().readyState = FakeEvents.CLOSED;
    last().onerror();
    expect(arrived).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(15_000);
    expect(FakeEvents.opened).toHaveLength(2);
    scope.stop();
  });
});

describe('the address', () => {
  it('names a page and what it asks', () => {
    const link = linkTo('doors', { standing: 'missing', grid: 'g1', building: '', campaign: null });
    expect(link).toBe('#/doors?standing=missing&grid=g1');
    expect(named(link)).toEqual({ page: 'doors', query: { standing: 'missing', grid: 'g1' } });
  });

  it('that names none is the overview', () => {
    expect(named('').page).toBe('overview');
    expect(named('#/nothing').page).toBe('overview');
  });
});
