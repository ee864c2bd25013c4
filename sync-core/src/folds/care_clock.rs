//! Care clocks: when somebody on a care plan is due. A plan has one clock for contacts of any
//! kind and may have one for contacts in person; a contact restarts what it counts for. Due on
//! the day the interval ends, overdue from the day after.

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};

use super::{Stated, text};
use crate::entry::{Entry, Scalar};
use crate::ids::EntityId;
use crate::kinds::{Kind, Schedules};
use crate::time::read_day;

/// A care plan as its clocks need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarePlan {
    /// Whose clocks: a person or a household.
    pub subject: EntityId,
    /// Days between contacts of any kind.
    pub interval_days: u64,
    /// Days between contacts in person; `None`: any contact will do.
    pub in_person_every_days: Option<u64>,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day.
    pub ends_on: Option<NaiveDate>,
    /// Nothing is due until then.
    pub paused_until: Option<NaiveDate>,
    /// One more contact is due from … until (severe weather, a festival).
    pub extra: Option<(NaiveDate, NaiveDate)>,
    /// A contact is due within a day of it.
    pub major_change_on: Option<NaiveDate>,
}

impl CarePlan {
    /// A plan from its registry fields; `None` while a field it needs is missing.
    #[must_use]
    pub fn read(schedules: &Schedules, field: impl Fn(&str) -> Option<Scalar>) -> Option<CarePlan> {
        let words = |name: &str| field(name).and_then(|value| value.as_text().map(str::to_owned));
        let day = |name: &str| read_day(&words(name)?);
        let days = |name: &str| match field(name)? {
            Scalar::Integer(days) => u64::try_from(days).ok().filter(|days| *days > 0),
            _ => None,
        };
        let extra_from = day(schedules.extra_from.as_str());
        Some(CarePlan {
            subject: words(schedules.subject.as_str())?.parse().ok()?,
            interval_days: days(schedules.interval_days.as_str())?,
            in_person_every_days: days(schedules.in_person_every_days.as_str()),
            starts_on: day(schedules.starts_on.as_str())?,
            ends_on: day(schedules.ends_on.as_str()),
            paused_until: day(schedules.paused_until.as_str()),
            // An end before the beginning is left over from an earlier occasion.
            extra: extra_from.map(|from| {
                (
                    from,
                    day(schedules.extra_until.as_str()).map_or(from, |until| until.max(from)),
                )
            }),
            major_change_on: day(schedules.major_change_on.as_str()),
        })
    }

    /// Whether it runs on a day.
    #[must_use]
    pub fn runs_on(&self, day: NaiveDate) -> bool {
        self.starts_on <= day && self.ends_on.is_none_or(|last| day <= last)
    }
}

/// One contact with the subject of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// When, and which record.
    pub stated: Stated,
    /// The local day of it.
    pub day: NaiveDate,
    /// With the subject, face to face.
    pub in_person: bool,
}

impl Contact {
    /// Whom a record was a contact with, if it was one: nobody met is none.
    #[must_use]
    pub fn read(
        kind: &Kind,
        body: &Map<String, Value>,
        stated: Stated,
        offset_minutes: i32,
    ) -> Option<(EntityId, Contact)> {
        let resets = kind.effects.resets.as_ref()?;
        let subject = text(body, &resets.subject)?.parse().ok()?;
        let contact = Contact {
            stated,
            day: stated.day(offset_minutes),
            in_person: resets.in_person.holds(body),
        };
        resets.when.holds(body).then_some((subject, contact))
    }

    /// The same of an entry at hand.
    #[must_use]
    pub fn of(kind: &Kind, entry: &Entry, made_ms: i64, offset_minutes: i32) -> Option<(EntityId, Contact)> {
        let at = kind.effects.resets.as_ref()?.at.as_ref();
        Contact::read(kind, &entry.body, Stated::by(entry, made_ms, at), offset_minutes)
    }
}

/// One clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The last contact that restarted it.
    pub last: Option<Contact>,
    /// First day on which a contact is wanted.
    pub due_on: NaiveDate,
    /// Last day on which it is still in time.
    pub in_time_until: NaiveDate,
}

impl Clock {
    /// Days it is late on a day; 0: not late.
    #[must_use]
    pub fn days_overdue(&self, today: NaiveDate) -> u64 {
        u64::try_from((today - self.in_time_until).num_days()).unwrap_or(0)
    }

    /// Whether a contact is wanted on a day.
    #[must_use]
    pub fn is_due(&self, today: NaiveDate) -> bool {
        self.due_on <= today
    }
}

/// Both clocks of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Contacts of any kind.
    pub any: Clock,
    /// Contacts in person, where the plan asks for them.
    pub in_person: Option<Clock>,
}

impl Due {
    /// First day on which something is wanted.
    #[must_use]
    pub fn due_on(&self) -> NaiveDate {
        self.in_person
            .map_or(self.any.due_on, |clock| clock.due_on.min(self.any.due_on))
    }

    /// Whether something is wanted on a day.
    #[must_use]
    pub fn is_due(&self, today: NaiveDate) -> bool {
        self.due_on() <= today
    }

    /// Days the later of the two clocks is late; 0: none is.
    #[must_use]
    pub fn days_overdue(&self, today: NaiveDate) -> u64 {
        let in_person = self.in_person.map_or(0, |clock| clock.days_overdue(today));
        in_person.max(self.any.days_overdue(today))
    }

    /// Whether only a contact in person helps on a day.
    #[must_use]
    pub fn wants_in_person(&self, today: NaiveDate) -> bool {
        self.in_person.is_some_and(|clock| clock.is_due(today))
    }
}

/// When the subject of a plan is due, from all contacts with it in any order; `None` if the
/// plan has ended by `today`. What comes after `today` is left out: nobody has been there yet.
#[must_use]
pub fn due(plan: &CarePlan, contacts: impl IntoIterator<Item = Contact>, today: NaiveDate) -> Option<Due> {
    if plan.ends_on.is_some_and(|last| last < today) {
        return None;
    }
    let mut any: Option<Contact> = None;
    let mut in_person: Option<Contact> = None;
    for contact in contacts {
        if contact.day > today {
            continue;
        }
        any = any.max(Some(contact));
        if contact.in_person {
            in_person = in_person.max(Some(contact));
        }
    }
    let mut clock = Clock {
        last: any,
        ..regular(plan, any, plan.interval_days)
    };
    let since = |day: NaiveDate| any.is_some_and(|last| last.day >= day);
    if let Some(change) = plan.major_change_on.filter(|change| !since(*change)) {
        clock.hurry(change, after(change, 1));
    }
    if let Some((from, until)) = plan.extra.filter(|(from, _)| !since(*from)) {
        clock.hurry(from, until);
    }
    let mut due = Due {
        any: clock,
        in_person: plan.in_person_every_days.map(|every| regular(plan, in_person, every)),
    };
    if let Some(until) = plan.paused_until {
        due.any.pause(until);
        if let Some(clock) = &mut due.in_person {
            clock.pause(until);
        }
    }
    Some(due)
}

impl Clock {
    fn hurry(&mut self, due_on: NaiveDate, in_time_until: NaiveDate) {
        self.due_on = self.due_on.min(due_on);
        self.in_time_until = self.in_time_until.min(in_time_until);
    }

    fn pause(&mut self, until: NaiveDate) {
        self.due_on = self.due_on.max(until);
        self.in_time_until = self.in_time_until.max(until);
    }
}

/// The first contact is due on the plan's first day, each further one an interval later.
fn regular(plan: &CarePlan, last: Option<Contact>, every_days: u64) -> Clock {
    let due_on = last.map_or(plan.starts_on, |last| after(last.day, every_days).max(plan.starts_on));
    Clock {
        last,
        due_on,
        in_time_until: due_on,
    }
}

fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EntryId;

    fn march(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 3, day).unwrap()
    }

    fn plan() -> CarePlan {
        CarePlan {
            subject: EntityId::from_bytes([1; 16]),
            interval_days: 2,
            in_person_every_days: None,
            starts_on: march(18),
            ends_on: None,
            paused_until: None,
            extra: None,
            major_change_on: None,
        }
    }

    fn contact(day: u32, in_person: bool) -> Contact {
        Contact {
            stated: Stated {
                at_ms: i64::from(day) * 86_400_000,
                entry: EntryId::from_bytes([7; 16]),
            },
            day: march(day),
            in_person,
        }
    }

    fn days(of: &[u32]) -> Vec<Contact> {
        of.iter().map(|day| contact(*day, true)).collect()
    }

    #[test]
    fn every_two_days_from_the_eighteenth() {
        let due_at = |visits: &[u32], today| due(&plan(), days(visits), march(today)).unwrap();
        let kept = due_at(&[22, 18, 20], 23);
        assert!(!kept.is_due(march(23)));
        assert_eq!(kept.due_on(), march(24));
        let skipped = due_at(&[18, 20, 22], 25);
        assert!(skipped.is_due(march(24)));
        assert_eq!(
            (skipped.days_overdue(march(24)), skipped.days_overdue(march(25))),
            (0, 1)
        );
        assert_eq!(due_at(&[], 18).due_on(), march(18));
    }

    #[test]
    fn a_call_restarts_the_clock_of_contacts_but_not_the_one_in_person() {
        let plan = CarePlan {
            in_person_every_days: Some(2),
            ..plan()
        };
        let due = due(&plan, [contact(18, true), contact(21, false)], march(21)).unwrap();
        assert_eq!(due.any.due_on, march(23));
        assert_eq!(due.in_person.unwrap().due_on, march(20));
        assert_eq!(due.days_overdue(march(21)), 1);
        assert!(due.wants_in_person(march(21)));
    }

    #[test]
    fn severe_weather_wants_one_more_visit_within_its_days() {
        let plan = CarePlan {
            interval_days: 30,
            extra: Some((march(20), march(21))),
            ..plan()
        };
        let before = due(&plan, days(&[19]), march(20)).unwrap();
        assert!(before.is_due(march(20)));
        assert_eq!((before.days_overdue(march(21)), before.days_overdue(march(22))), (0, 1));
        assert!(!due(&plan, days(&[19, 20]), march(21)).unwrap().is_due(march(21)));
    }

    #[test]
    fn an_extra_visit_is_not_late_before_its_first_day() {
        let kinds = crate::kinds::Kinds::builtin().unwrap();
        let schedules = kinds.get("care_plan").unwrap().effects.schedules.as_ref().unwrap();
        let plan = CarePlan::read(schedules, |field| match field {
            "subject_id" => Some(Scalar::Text(EntityId::from_bytes([1; 16]).to_string())),
            "interval_days" => Some(Scalar::Integer(30)),
            "starts_on" => Some(Scalar::Text("2020-03-18".to_owned())),
            // The end of last winter's, which nobody cleared.
            "extra_visit_from" => Some(Scalar::Text("2020-03-25".to_owned())),
            "extra_visit_until" => Some(Scalar::Text("2020-01-31".to_owned())),
            _ => None,
        });
        let due = due(&plan.unwrap(), days(&[19]), march(24)).unwrap();
        assert!(!due.is_due(march(24)));
        assert_eq!((due.days_overdue(march(24)), due.days_overdue(march(25))), (0, 0));
        assert!(due.is_due(march(25)));
        assert_eq!(due.days_overdue(march(26)), 1);
    }

    #[test]
    fn a_major_change_wants_a_contact_within_a_day() {
        let plan = CarePlan {
            interval_days: 30,
            major_change_on: Some(march(25)),
            ..plan()
        };
        let waiting = due(&plan, days(&[20]), march(25)).unwrap();
        assert!(waiting.is_due(march(25)));
        assert_eq!(waiting.days_overdue(march(27)), 1);
        assert!(!due(&plan, days(&[20, 25]), march(26)).unwrap().is_due(march(26)));
    }

    #[test]
    fn a_pause_makes_nothing_due_and_an_ended_plan_has_no_clocks() {
        let paused = CarePlan {
            paused_until: Some(march(28)),
            ends_on: Some(march(30)),
            ..plan()
        };
        assert_eq!(due(&paused, days(&[18]), march(25)).unwrap().due_on(), march(28));
        assert!(due(&paused, days(&[18]), march(30)).is_some());
        assert!(due(&paused, days(&[18]), march(31)).is_none());
    }

    #[test]
    fn sixty_daily_subjects_and_one_forgotten() {
        let daily = CarePlan {
            interval_days: 1,
            ..plan()
        };
        let late = (0..60).filter(|n| {
            let contacts = if *n == 41 { days(&[18]) } else { days(&[18, 19]) };
            due(&daily, contacts, march(19)).unwrap().is_due(march(19))
        });
        assert_eq!(late.collect::<Vec<_>>(), [41]);
    }
}
