//! What each night did: one row per community, day closed and step. A step that is done is
//! never done again; one that was broken off or failed is.

use rusqlite::{Connection, Transaction, named_params};

/// One step of one night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NightStep {
    /// `verify`, `close`, `list` or `backup`.
    pub step: String,
    /// When it began, milliseconds UTC.
    pub started_ms: i64,
    /// When it ended; `None`: broken off, or under way.
    pub finished_ms: Option<i64>,
    /// Whether it did what it should; `None` with `finished_ms`.
    pub done: Option<bool>,
    /// One sentence for people.
    pub detail: String,
}

/// The steps of a community for one day, in the order in which they began.
///
/// # Errors
/// SQLite's.
pub fn night_steps(connection: &Connection, community: &str, day: &str) -> rusqlite::Result<Vec<NightStep>> {
    connection
        .prepare_cached(
            "SELECT step, started_ms, finished_ms, outcome, detail FROM night_run
             WHERE community = :community AND day = :day ORDER BY started_ms",
        )?
        .query_map(named_params! { ":community": community, ":day": day }, |row| {
            let outcome: Option<String> = row.get(3)?;
            Ok(NightStep {
                step: row.get(0)?,
                started_ms: row.get(1)?,
                finished_ms: row.get(2)?,
                done: outcome.map(|outcome| outcome == "done"),
                detail: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            })
        })?
        .collect()
}

/// Notes that a step begins.
///
/// # Errors
/// SQLite's.
pub fn begin_night_step(
    transaction: &Transaction<'_>,
    community: &str,
    day: &str,
    step: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO night_run (community, day, step, started_ms) VALUES (:community, :day, :step, :now)
         ON CONFLICT (community, day, step) DO UPDATE
            SET started_ms = excluded.started_ms, finished_ms = NULL, outcome = NULL, detail = NULL",
        named_params! { ":community": community, ":day": day, ":step": step, ":now": now_ms },
    )?;
    Ok(())
}

/// Notes how a step ended.
///
/// # Errors
/// SQLite's.
pub fn end_night_step(
    transaction: &Transaction<'_>,
    community: &str,
    day: &str,
    ended: &NightStep,
) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE night_run SET finished_ms = :finished, outcome = :outcome, detail = :detail
         WHERE community = :community AND day = :day AND step = :step",
        named_params! {
            ":community": community,
            ":day": day,
            ":step": ended.step,
            ":finished": ended.finished_ms,
            ":outcome": ended.done.map(|done| if done { "done" } else { "failed" }),
            ":detail": ended.detail,
        },
    )?;
    Ok(())
}
