// One job at a time, in the order asked: a query never sees what is not yet written.

export class Queue {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(job: () => Promise<T>): Promise<T> {
    const done = this.tail.then(job, job);
    this.tail = done.catch(() => undefined);
    return done;
  }
}
