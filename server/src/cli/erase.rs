//! `menpai erase` and `menpai compact`: letting go of what is about somebody, or of history.

use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use menpai_sync_core::ids::{CommunityCode, EntityId};
use menpai_sync_core::part::Part;

use super::{DataArguments, Outcome};
use crate::control::{self, Answer, Request};

#[derive(Args)]
pub(super) struct Erase {
    /// Of which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    #[command(flatten)]
    whom: Whom,
    /// On which ground
    #[arg(long, value_enum)]
    basis: Basis,
    /// The day it was asked for: 2026-11-24
    #[arg(long, value_name = "DATE")]
    requested_on: Option<NaiveDate>,
    /// Do it: there is no way back
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// A person, with family contacts and care plans
    #[arg(long, value_name = "ID")]
    person: Option<EntityId>,
    /// A household, with everybody in it; the door stays
    #[arg(long, value_name = "ID")]
    household: Option<EntityId>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Basis {
    ConsentWithdrawn,
    PurposeMet,
    Requested,
    RetentionOver,
    Other,
}

impl Basis {
    /// As the kind file has it.
    fn code(self) -> &'static str {
        match self {
            Basis::ConsentWithdrawn => "consent_withdrawn",
            Basis::PurposeMet => "purpose_met",
            Basis::Requested => "requested",
            Basis::RetentionOver => "retention_over",
            Basis::Other => "other",
        }
    }
}

pub(super) fn erase(arguments: &Erase) -> Outcome {
    let whom = &arguments.whom;
    let named = whom
        .person
        .map(|id| (id, "person"))
        .or(whom.household.map(|id| (id, "household")));
    let (entity, entity_type) = named.ok_or("say --person or --household")?;
    if !arguments.apply {
        println!("nothing is erased yet: say --apply. There is no way back, but for copies made before.");
        return Ok(ExitCode::SUCCESS);
    }
    let request = Request::Erase {
        community: arguments.community,
        entity,
        entity_type: entity_type.to_owned(),
        basis: arguments.basis.code().to_owned(),
        requested_on: arguments.requested_on,
    };
    match control::perform(&arguments.data.data, &request, &mut |_, _| {})? {
        Answer::Erased { subjects, entries } => {
            println!("erased: {subjects} from the register, {entries} entries about them");
            println!("copies in backups/ made before still have it; they go with their time");
            Ok(ExitCode::SUCCESS)
        }
        other => other.unexpected(),
    }
}

#[derive(Args)]
pub(super) struct Compact {
    /// Of which community: its 12-digit code
    #[arg(long, value_name = "CODE")]
    community: CommunityCode,
    /// Only this document: `<grid id>/open`, `community/care` …
    #[arg(long, value_name = "PART")]
    part: Option<Part>,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn compact(arguments: &Compact) -> Outcome {
    let request = Request::Compact {
        community: arguments.community,
        part: arguments.part,
    };
    match control::perform(&arguments.data.data, &request, &mut |_, _| {})? {
        Answer::Maintained { lines, .. } => {
            for line in lines {
                println!("{line}: compacted");
            }
            Ok(ExitCode::SUCCESS)
        }
        other => other.unexpected(),
    }
}
