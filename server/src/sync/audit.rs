//! Writes the audit log of a community through its one writer: a line is durable before what it
//! is about leaves the server.

use super::Community;
use super::state::Work;
use crate::store::community::StoreError;
use crate::store::community::audit::{self, Head, SIGNED_EVERY_MS, Seen};

impl Community {
    /// Writes down who saw or did what.
    ///
    /// # Errors
    /// [`StoreError`]; then it must not be shown.
    pub fn note_seen(&self, seen: Seen, now_ms: i64) -> Result<(), StoreError> {
        self.write(move |work| {
            let head = audit::append(work.transaction, work.state.identity.code, now_ms, &seen)?;
            sign_if_due(work, head, now_ms)
        })
    }

    /// Signs where the audit log ends, if that is due: the last signature is ten minutes old and
    /// something was written since.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sign_audit(&self, now_ms: i64) -> Result<(), StoreError> {
        let code = self.identity().code;
        let due = self.query(|connection| {
            Ok(is_due(
                audit::head(connection, code)?,
                audit::signed(connection)?,
                now_ms,
            ))
        })?;
        if !due {
            return Ok(());
        }
        self.write(move |work| {
            let head = audit::head(work.transaction, code)?;
            sign_if_due(work, head, now_ms)
        })
    }
}

fn is_due(head: Head, signed: Option<(i64, i64)>, now_ms: i64) -> bool {
    signed.map_or(head.number > 0, |(number, at_ms)| {
        number < head.number && now_ms.saturating_sub(at_ms) >= SIGNED_EVERY_MS
    })
}

fn sign_if_due(work: &mut Work<'_>, head: Head, now_ms: i64) -> Result<(), StoreError> {
    if is_due(head, audit::signed(work.transaction)?, now_ms) {
        let message = audit::head_message(work.state.identity.code, head);
        let signature = work.state.receipt_key.sign(&message);
        audit::keep_signature(work.transaction, head, now_ms, &signature)?;
    }
    Ok(())
}
