//! Which effects a kind may state: those of its family, over fields that exist and can
//! carry the meaning. Refuses marks that no effect reads: they would be drawn nowhere.

use super::super::effects::{Closes, Effects, Moves, Opens, Resets};
use super::super::field::{Choice, Field, Members, Shape};
use super::super::kind::{Class, Family, Kind};
use super::super::name::Name;
use super::super::rule::Rule;
use super::conditions;

/// What of `kind`'s effects cannot be, if anything.
pub(super) fn check(kind: &Kind) -> Result<(), String> {
    let effects = &kind.effects;
    let of_family = match kind.family {
        Family::Record => {
            effects.schedules.is_none()
                && effects.sweeps.is_none()
                && effects.merges.is_none()
                && effects.distinguishes.is_none()
                && effects.lists.is_none()
                && effects.closes_period.is_none()
                && effects.grants.is_none()
                && effects.enrols.is_none()
                && effects.rotates.is_none()
                && effects.erases.is_none()
                && effects.hands_over.is_none()
                && !effects.erasable
                && effects.belongs.is_none()
        }
        Family::Registry => {
            *effects
                == Effects {
                    schedules: effects.schedules.clone(),
                    sweeps: effects.sweeps.clone(),
                    merges: effects.merges.clone(),
                    erasable: effects.erasable,
                    belongs: effects.belongs.clone(),
                    ..Effects::default()
                }
        }
        Family::Office => {
            *effects
                == Effects {
                    distinguishes: effects.distinguishes.clone(),
                    lists: effects.lists.clone(),
                    closes_period: effects.closes_period.clone(),
                    grants: effects.grants.clone(),
                    enrols: effects.enrols.clone(),
                    rotates: effects.rotates.clone(),
                    erases: effects.erases.clone(),
                    hands_over: effects.hands_over.clone(),
                    ..Effects::default()
                }
        }
        Family::Edit => *effects == Effects::default(),
    };
    if !of_family {
        return Err("an effect does not belong to this family".into());
    }
    let (closes, moves) = (effects.closes.as_ref(), effects.moves.as_ref());
    if let Some(Closes {
        subject,
        by,
        campaign,
        at,
    }) = closes
    {
        need(kind, subject, "a required ref", |field| field.required && is_ref(field))?;
        need(kind, by, "a required choice with mark and closes", |field| {
            field.required && every_choice(field, |choice| choice.mark.is_some() && choice.closes.is_some())
        })?;
        need_each(kind, campaign, "a ref", is_ref)?;
        need_each(kind, at, "an instant", is_instant)?;
    }
    if let Some(Resets {
        subject,
        when,
        in_person,
        at,
    }) = &effects.resets
    {
        need(kind, subject, "a required ref", |field| field.required && is_ref(field))?;
        for condition in [when, in_person] {
            conditions::check_condition(condition, &kind.fields, kind.family).map_err(|fault| fault.to_string())?;
        }
        need_each(kind, at, "an instant", is_instant)?;
    }
    if let Some(Opens {
        subject,
        severity,
        due,
        at,
    }) = &effects.opens
    {
        need(kind, subject, "a required ref", |field| field.required && is_ref(field))?;
        need_each(kind, severity, "a choice", |field| every_choice(field, |_| true))?;
        need_each(kind, due, "a date", is_date)?;
        need_each(kind, at, "an instant", is_instant)?;
    }
    if let Some(Moves { opened_by, by, due, at }) = moves {
        need(kind, opened_by, "a required ref", |field| {
            field.required && is_ref(field)
        })?;
        need(kind, by, "a required choice with ends", |field| {
            field.required && every_choice(field, |choice| choice.ends.is_some())
        })?;
        need_each(kind, due, "a date", is_date)?;
        need_each(kind, at, "an instant", is_instant)?;
    }
    if let Some(jumps) = &effects.jumps {
        need(kind, &jumps.by_ms, "a required integer", |field| {
            field.required && matches!(field.shape, Shape::Integer { .. })
        })?;
        need(kind, &jumps.since_contact, "a required bool", |field| {
            field.required && field.shape == Shape::Bool
        })?;
    }
    if let Some(seals) = &effects.seals {
        need(kind, &seals.subject, "a required ref", |field| {
            field.required && is_ref(field)
        })?;
        need(kind, &seals.number, "a required sealed text", |field| {
            field.required && is_sealed(field)
        })?;
    }
    // What is sealed is not merged, and the class says who has it: nobody.
    let sealed = |field: &Field| field.class == Some(Class::Sealed) || is_sealed(field);
    if kind.fields.iter().any(sealed) && (effects.seals.is_none() || kind.class() != Some(Class::Sealed)) {
        return Err("what is sealed stands in a record of class sealed with the effect seals".into());
    }
    if let Some(plan) = &effects.schedules {
        need(kind, &plan.subject, "a required ref", |field| {
            field.required && is_ref(field)
        })?;
        need(kind, &plan.responsible, "a set of refs", is_set_of_refs)?;
        for days in [&plan.interval_days, &plan.in_person_every_days] {
            need(kind, days, "an integer", |field| {
                matches!(field.shape, Shape::Integer { .. })
            })?;
        }
        for date in [
            &plan.starts_on,
            &plan.ends_on,
            &plan.paused_until,
            &plan.extra_from,
            &plan.extra_until,
            &plan.major_change_on,
        ] {
            need(kind, date, "a date", is_date)?;
        }
    }
    if let Some(sweeps) = &effects.sweeps {
        for words in [&sweeps.name, &sweeps.record_kind] {
            need(kind, words, "a required text", is_required_text)?;
        }
        need(kind, &sweeps.scope, "a set of refs", is_set_of_refs)?;
        for date in [&sweeps.starts_on, &sweeps.ends_on] {
            need(kind, date, "a required date", |field| field.required && is_date(field))?;
        }
    }
    if let Some(merges) = &effects.merges {
        need(
            kind,
            &merges.into,
            "a ref to its own type",
            |field| matches!(&field.shape, Shape::Ref { to } if *to.names() == [kind.name.clone()]),
        )?;
        let known = |field: &&str| kind.field(field).is_some_and(is_compared);
        if merges.same().count() == 0 || !merges.same().all(|same| !same.is_empty() && same.iter().all(known)) {
            return Err("same must be lists of texts, dates, choices and refs".into());
        }
    }
    if let Some(distinguishes) = &effects.distinguishes {
        for which in [&distinguishes.one, &distinguishes.other] {
            need(kind, which, "a required ref", |field| field.required && is_ref(field))?;
        }
    }
    if let Some(lists) = &effects.lists {
        need(kind, &lists.day, "a required date", |field| {
            field.required && is_date(field)
        })?;
        for number in [&lists.known_through, &lists.page, &lists.due, &lists.overdue] {
            need(kind, number, "a required integer", |field| {
                field.required && matches!(field.shape, Shape::Integer { .. })
            })?;
        }
        need(
            kind,
            &lists.visits,
            "a list with a required ref for each subject",
            |field| {
                let is_subject = |field: &Field| field.name == lists.subject && field.required && is_ref(field);
                matches!(&field.shape, Shape::List { fields, .. } if fields.iter().any(is_subject))
            },
        )?;
    }
    if let Some(period) = &effects.closes_period {
        for day in [&period.from, &period.until] {
            need(kind, day, "a required date", |field| field.required && is_date(field))?;
        }
    }
    if let Some(grants) = &effects.grants {
        need(kind, &grants.worker, "a required ref", |field| {
            field.required && is_ref(field)
        })?;
        need(kind, &grants.worker_name, "a required text", is_required_text)?;
        need(kind, &grants.role, "a required choice", |field| {
            field.required && every_choice(field, |_| true)
        })?;
        need(kind, &grants.grid, "a ref", is_ref)?;
        need(kind, &grants.from, "a required instant", |field| {
            field.required && is_instant(field)
        })?;
        need(kind, &grants.until, "an instant", is_instant)?;
        need(kind, &grants.end_reason, "a choice", |field| {
            every_choice(field, |_| true)
        })?;
    }
    if let Some(enrols) = &effects.enrols {
        for who in [&enrols.device, &enrols.worker] {
            need(kind, who, "a required ref", |field| field.required && is_ref(field))?;
        }
        need(kind, &enrols.public_key, "a required text", is_required_text)?;
        need(kind, &enrols.revoked_at, "an instant", is_instant)?;
    }
    if let Some(rotates) = &effects.rotates {
        for words in [&rotates.part, &rotates.heads] {
            need(kind, words, "a required text", is_required_text)?;
        }
        need(kind, &rotates.epoch, "a required integer", |field| {
            field.required && matches!(field.shape, Shape::Integer { .. })
        })?;
    }
    if let Some(erases) = &effects.erases {
        need(kind, &erases.subject, "a required text", is_required_text)?;
    }
    if let Some(hands) = &effects.hands_over {
        need(kind, &hands.from, "a required ref", |field| {
            field.required && is_ref(field)
        })?;
        need(kind, &hands.doors, "an integer", |field| {
            matches!(field.shape, Shape::Integer { .. })
        })?;
        need(kind, &hands.said, "a list with what each row needs", |field| {
            let Shape::List { fields, .. } = &field.shape else {
                return false;
            };
            [&hands.subject, &hands.device, &hands.made, &hands.record]
                .iter()
                .all(|name| fields.iter().any(|field| field.name == **name && field.required))
        })?;
    }
    if let Some(belongs) = &effects.belongs {
        need(kind, &belongs.to, "a ref", is_ref)?;
    }
    no_stray_marks(kind, closes.map(|closes| &closes.by), moves.map(|moves| &moves.by))
}

fn no_stray_marks(kind: &Kind, closes: Option<&Name>, moves: Option<&Name>) -> Result<(), String> {
    for field in &kind.fields {
        let (marked, ended) = (Some(&field.name) == closes, Some(&field.name) == moves);
        let clean = |choice: &Choice| {
            (marked || (choice.mark.is_none() && choice.closes.is_none())) && (ended || choice.ends.is_none())
        };
        if !choices(field).iter().all(clean) {
            return Err(format!("{} has marks that no effect goes by", field.name));
        }
    }
    Ok(())
}

fn need(kind: &Kind, name: &Name, what: &str, fits: impl Fn(&Field) -> bool) -> Result<(), String> {
    match kind.field(name.as_str()) {
        Some(field) if fits(field) => Ok(()),
        Some(_) => Err(format!("{name} must be {what}")),
        None => Err(format!("there is no field {name}")),
    }
}

fn need_each(kind: &Kind, name: &Option<Name>, what: &str, fits: impl Fn(&Field) -> bool) -> Result<(), String> {
    name.as_ref().map_or(Ok(()), |name| need(kind, name, what, fits))
}

fn is_ref(field: &Field) -> bool {
    matches!(field.shape, Shape::Ref { .. })
}

fn is_sealed(field: &Field) -> bool {
    matches!(
        field.shape,
        Shape::Text {
            rule: Some(Rule::Sealed),
            ..
        }
    )
}

fn is_compared(field: &Field) -> bool {
    matches!(
        field.shape,
        Shape::Text { .. } | Shape::Date { .. } | Shape::Choice { .. } | Shape::Ref { .. }
    )
}

fn is_instant(field: &Field) -> bool {
    field.shape == Shape::Instant
}

fn is_required_text(field: &Field) -> bool {
    field.required && matches!(field.shape, Shape::Text { .. })
}

fn is_set_of_refs(field: &Field) -> bool {
    matches!(field.shape, Shape::Set(Members::Refs { .. }))
}

fn is_date(field: &Field) -> bool {
    matches!(field.shape, Shape::Date { .. })
}

fn choices(field: &Field) -> &[Choice] {
    match &field.shape {
        Shape::Choice { choices, .. } | Shape::Set(Members::Choices(choices)) => choices,
        _ => &[],
    }
}

fn every_choice(field: &Field, fits: impl Fn(&Choice) -> bool) -> bool {
    matches!(&field.shape, Shape::Choice { choices, .. } if choices.iter().all(fits))
}
