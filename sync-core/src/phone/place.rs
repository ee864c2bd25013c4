//! Where things are: the one place that knows how the registry's types hang together
//! (place ← dwelling ← household ← person), so that the views need not.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::ids::EntityId;
use crate::replica::{Replica, Row};

/// The registry types of `schemas/kinds/` that addresses and households are made of.
pub(super) const PLACE: &str = "place";
pub(super) const DWELLING: &str = "dwelling";
pub(super) const HOUSEHOLD: &str = "household";
pub(super) const PERSON: &str = "person";

/// Somebody of whom one of these is known lives there no more.
pub(super) const LEAVES: [&str; 2] = ["moved_out_on", "died_on"];

/// Who lives where, gathered once per question.
pub(super) struct Homes<'a> {
    replica: &'a Replica,
    pub(super) households: HashMap<EntityId, Vec<EntityId>>,
    pub(super) persons: HashMap<EntityId, Vec<EntityId>>,
}

impl<'a> Homes<'a> {
    pub(super) fn gather(replica: &'a Replica) -> Homes<'a> {
        let mut homes = Homes {
            replica,
            households: HashMap::new(),
            persons: HashMap::new(),
        };
        for (id, row) in replica.standing() {
            match row.entity_type.as_str() {
                HOUSEHOLD if lives_here(row) => {
                    if let Some(dwelling) = replica.leads_to(row, "dwelling_id") {
                        homes.households.entry(dwelling).or_default().push(id);
                    }
                }
                PERSON if lives_here(row) => {
                    if let Some(household) = replica.leads_to(row, "household_id") {
                        homes.persons.entry(household).or_default().push(id);
                    }
                }
                _ => {}
            }
        }
        for members in homes.households.values_mut().chain(homes.persons.values_mut()) {
            members.sort_unstable();
        }
        for (household, members) in &mut homes.persons {
            let head = replica
                .row(*household)
                .and_then(|row| replica.leads_to(row, "head_person_id"));
            members.sort_by_key(|person| (Some(*person) != head, relation(replica, *person), *person));
        }
        homes
    }

    /// The same without some persons and households.
    pub(super) fn without(mut self, gone: &[EntityId]) -> Homes<'a> {
        for members in self.households.values_mut().chain(self.persons.values_mut()) {
            members.retain(|member| !gone.contains(member));
        }
        self
    }

    /// The people behind a door, heads first.
    pub(super) fn residents(&self, dwelling: EntityId) -> impl Iterator<Item = (EntityId, &'a Row)> {
        self.households
            .get(&dwelling)
            .into_iter()
            .flatten()
            .flat_map(|household| self.persons.get(household).into_iter().flatten())
            .filter_map(|person| Some((*person, self.replica.row(*person)?)))
    }
}

impl<'a> Homes<'a> {
    /// Whom to ask for when visiting a subject behind that door: the person, or the first of
    /// the household. `None` if nobody of them lives there any more.
    pub(super) fn who(&self, dwelling: EntityId, subject: EntityId) -> Option<(EntityId, &'a Row)> {
        let is_household = self
            .households
            .get(&dwelling)
            .is_some_and(|here| here.contains(&subject));
        self.residents(dwelling).find(|(person, row)| {
            *person == subject || (is_household && self.replica.leads_to(row, "household_id") == Some(subject))
        })
    }
}

fn lives_here(row: &Row) -> bool {
    LEAVES.iter().all(|field| row.text(field).is_none())
}

fn relation(replica: &Replica, person: EntityId) -> String {
    replica
        .row(person)
        .and_then(|row| row.text("relation_to_head"))
        .unwrap_or("99")
        .to_owned()
}

/// The dwelling that an entity is, lives in or belongs to.
pub(super) fn dwelling_of(replica: &Replica, mut entity: EntityId) -> Option<EntityId> {
    // A plan, its person, the household, the door: longer ways have been written into a ring.
    for _ in 0..4 {
        entity = replica.canonical(entity);
        let row = replica.row(entity)?;
        entity = match row.entity_type.as_str() {
            DWELLING => return Some(entity),
            HOUSEHOLD => return replica.leads_to(row, "dwelling_id"),
            PERSON => row.reference("household_id")?,
            _ => row.reference("subject_id").or_else(|| row.reference("person_id"))?,
        };
    }
    None
}

/// A dwelling's address in pieces: room, unit, building, compound.
pub(super) struct Address {
    pub(super) room: String,
    pub(super) unit: String,
    pub(super) building: String,
    pub(super) compound: Option<String>,
}

impl Address {
    pub(super) fn of(replica: &Replica, dwelling: EntityId) -> Option<Address> {
        let row = replica.row(dwelling)?;
        let building = row.reference("building_id").and_then(|building| replica.row(building));
        Some(Address {
            room: row.text("room").unwrap_or_default().to_owned(),
            unit: row.text("unit").unwrap_or_default().to_owned(),
            building: building
                .and_then(|building| building.text("name"))
                .unwrap_or_default()
                .to_owned(),
            compound: building.and_then(|building| compound_of(replica, building)),
        })
    }

    /// Everything but the room, as it is spoken.
    pub(super) fn without_room(&self) -> String {
        let mut text = self.compound.clone().unwrap_or_default();
        text.push_str(&self.building);
        if !self.unit.is_empty() && self.unit != "无" {
            text.push(' ');
            text.push_str(&unit_name(&self.unit));
        }
        text
    }
}

/// The name of the place around a building.
pub(super) fn compound_of(replica: &Replica, building: &Row) -> Option<String> {
    let parent = replica.row(building.reference("parent_id")?)?;
    (parent.entity_type == PLACE)
        .then(|| parent.text("name").map(str::to_owned))
        .flatten()
}

/// `2` is spoken 2单元.
pub(super) fn unit_name(unit: &str) -> String {
    if unit.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{unit}单元")
    } else {
        unit.to_owned()
    }
}

/// Compares names as people count: 2号楼 before 10号楼.
pub fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len());
        };
        if a.is_ascii_digit() && b.is_ascii_digit() {
            let (number_a, rest_a) = split_number(left);
            let (number_b, rest_b) = split_number(right);
            let by_number = number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b));
            if by_number != Ordering::Equal {
                return by_number;
            }
            (left, right) = (rest_a, rest_b);
        } else {
            if a != b {
                return a.cmp(&b);
            }
            (left, right) = (&left[a.len_utf8()..], &right[b.len_utf8()..]);
        }
    }
}

fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (digits.trim_start_matches('0'), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_counted_not_spelt() {
        let mut names = ["10号楼", "2号楼", "1号楼", "2号楼甲", "北楼"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["1号楼", "2号楼", "2号楼甲", "10号楼", "北楼"]);
        assert_eq!(natural("0302", "302"), Ordering::Equal);
        assert_eq!(natural("", "1"), Ordering::Less);
    }
}
