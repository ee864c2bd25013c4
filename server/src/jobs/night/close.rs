//! Closes a day: one return for each grid and one for the community, written together or not
//! at all. What arrives later does not change them.

use chrono::NaiveDate;
use menpai_sync_core::time::Instant;

use super::records::{DailyReturn, body};
use super::{NightError, figures};
use crate::fail_points;
use crate::local_time::LocalTime;
use crate::office::{Office, records};
use crate::store::review::returns;

/// Closes `day`, unless it is closed; says what it came to.
///
/// # Errors
/// [`NightError`]; then nothing is written.
pub(super) fn close(office: &Office, day: NaiveDate, now: Instant, local: LocalTime) -> Result<String, NightError> {
    let community = &office.community;
    let day_text = day.to_string();
    // Contacts are noted without anybody waiting for them: those before now stand in the file
    // once this returns, and no phone that was heard is called silent.
    office.write(&[])?;
    let counted = community.read(|reader| {
        if returns::is_closed(&reader.connection, &day_text)? {
            return Ok(None);
        }
        figures::count(reader, community.kinds(), &community.directory(), day, local).map(Some)
    })?;
    let Some(counted) = counted else {
        return Ok("closed already".to_owned());
    };
    let drafts: Vec<_> = counted
        .iter()
        .map(|(grid, made)| office.record_at(now, records::DAILY_RETURN, *grid, body(made)))
        .collect();
    fail_points::pass("close: counted");
    let asked = day_text.clone();
    office.decide(now, &drafts, move |connection| returns::is_closed(connection, &asked))?;
    fail_points::pass("close: written");
    if !community.query(|connection| returns::is_closed(connection, &day_text))? {
        return Err(NightError::Held(day_text));
    }
    Ok(counted.get(&None).map_or_else(String::new, in_words))
}

fn in_words(whole: &DailyReturn) -> String {
    let figures = &whole.figures;
    format!(
        "returns {}/{}, checked {}, nobody home {}, refused {}, moved or empty {}, incidents {}, contacts {}, \
         phones not heard from {}/{}",
        whole.grids_returned.unwrap_or(0),
        whole.grids.unwrap_or(0),
        figures.checked,
        figures.absent,
        figures.refused,
        figures.empty,
        figures.incidents,
        figures.visits,
        whole.phones_silent,
        whole.phones
    )
}
