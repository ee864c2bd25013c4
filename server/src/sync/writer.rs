//! The one writer thread of an open community. Requests that wait together share a
//! transaction, each in a savepoint of its own (one that comes alone needs none); all are
//! answered only after the commit, and one that fails takes back only itself. After a commit that fails nothing more is written:
//! what the operating system made of it can be known only by opening the file again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::state::{State, Work};
use crate::fail_points;
use crate::store::community::{StoreError, moments};

/// Most requests that share one commit.
const MAX_BATCH: usize = 64;
/// Requests that may wait before the next has to.
pub(super) const QUEUE_LENGTH: usize = 1_024;

/// One request to the writer.
pub(super) trait Job: Send {
    /// Does the work; an error takes it back.
    fn run(&mut self, work: &mut Work<'_>);
    /// Whether the work is to be taken back.
    fn failed(&self) -> bool;
    /// Tells the waiting caller, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A request made of a function.
struct Task<F, T> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: SyncSender<Result<T, StoreError>>,
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, work: &mut Work<'_>) {
        if let Some(function) = self.work.take() {
            // A panic is a fault of ours; it costs this request, not the community.
            let result = catch_unwind(AssertUnwindSafe(|| function(work)));
            self.result = Some(result.unwrap_or_else(|_| Err(StoreError::damaged("a request panicked"))));
        }
    }

    fn failed(&self) -> bool {
        !matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Ok(_)) | None, Err(error)) => Err(error),
            (Some(result), _) => result,
            (None, Ok(())) => Err(StoreError::Stopped),
        };
        // A caller that has gone away learns it at its next contact.
        let _ = self.reply.send(result);
    }
}

/// Wraps a function as a request; the receiver gets its result once it is durable.
pub(super) fn task<F, T>(work: F) -> (Box<dyn Job>, Receiver<Result<T, StoreError>>)
where
    F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send + 'static,
    T: Send + 'static,
{
    let (reply, answer) = sync_channel(1);
    (
        Box::new(Task {
            work: Some(work),
            result: None,
            reply,
        }),
        answer,
    )
}

/// Runs until the last sender is gone. `published` is called after each commit. At rest it has no
/// connection, since that keeps the whole schema in memory: `open` makes the next one.
pub(super) fn run(
    connection: Connection,
    open: impl Fn() -> Result<Connection, StoreError>,
    mut state: State,
    queue: &Receiver<Box<dyn Job>>,
    stop: &AtomicBool,
    mut published: impl FnMut(&State),
) {
    let mut at_work = Some(connection);
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        batch.extend(queue.try_iter().take(MAX_BATCH - 1));
        if stop.load(Ordering::Acquire) {
            for job in batch {
                job.answer(Err(StoreError::Stopped));
            }
            continue;
        }
        let mut connection = match at_work.take().map_or_else(&open, Ok) {
            Ok(connection) => connection,
            Err(error) => {
                tracing::error!(community = %state.identity.code, %error, "a file does not open again; the writer stops");
                stop.store(true, Ordering::Release);
                answer_all(batch, &error);
                continue;
            }
        };
        match commit(&mut connection, &mut state, &mut batch) {
            Ok(()) => {
                fail_points::pass("committed");
                state.committed();
                state.documents.account();
                published(&state);
                wipe_journal(&connection, &mut state);
                for job in batch {
                    job.answer(Ok(()));
                }
            }
            Err(error) => {
                tracing::error!(community = %state.identity.code, %error, "a transaction did not commit; the writer stops");
                stop.store(true, Ordering::Release);
                if state.abandon(&connection).is_err() {
                    state.documents.clear();
                }
                answer_all(batch, &error);
            }
        }
        let rests = std::mem::take(&mut state.rests);
        at_work = Some(connection).filter(|_| !rests);
    }
}

fn answer_all(batch: Vec<Box<dyn Job>>, error: &StoreError) {
    let reason = error.to_string();
    for job in batch {
        job.answer(Err(StoreError::NotCommitted(reason.clone())));
    }
}

/// After an erasure; tried again until nobody reads what was before.
fn wipe_journal(connection: &Connection, state: &mut State) {
    if !state.wipes_journal {
        return;
    }
    let community = state.identity.code;
    match moments::truncate_journal(connection) {
        Ok(true) => state.wipes_journal = false,
        Ok(false) => tracing::warn!(%community, "readers keep the write-ahead log from being cut after an erasure"),
        Err(error) => tracing::error!(%community, %error, "the write-ahead log is not cut after an erasure"),
    }
}

fn commit(connection: &mut Connection, state: &mut State, batch: &mut Vec<Box<dyn Job>>) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let [job] = batch.as_mut_slice() {
        let mark = state.mark();
        job.run(&mut Work::new(&transaction, state));
        if job.failed() {
            transaction.rollback()?;
            state.take_back(mark);
            return Ok(());
        }
        state.keep();
    } else {
        for job in &mut *batch {
            run_in_savepoint(job.as_mut(), &transaction, state)?;
        }
    }
    state.sign(&transaction)?;
    fail_points::at("before commit")?;
    if fail_points::is_broken("nobody is answered before the commit") {
        batch.drain(..).for_each(|job| job.answer(Ok(())));
        fail_points::pass("answered before the commit");
    }
    transaction.commit()?;
    Ok(())
}

fn run_in_savepoint(job: &mut dyn Job, transaction: &Transaction<'_>, state: &mut State) -> Result<(), StoreError> {
    let mark = state.mark();
    moments::begin_request(transaction)?;
    job.run(&mut Work::new(transaction, state));
    if job.failed() {
        moments::take_back_request(transaction)?;
        state.take_back(mark);
    } else {
        moments::keep_request(transaction)?;
        state.keep();
    }
    Ok(())
}
