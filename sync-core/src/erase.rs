//! Erasure of somebody or something (docs/protocol.md section 16): by which hash an erased id is
//! known, what an entry names, and what of a record about several stays. An erased id itself is
//! kept nowhere.

use serde_json::{Map, Value};

use crate::entry::{Draft, Entry};
use crate::ids::{CommunityCode, EntityId, Hash};
use crate::kinds::{Kinds, Name};

/// The hash by which an erased id is known in its community.
#[must_use]
pub fn subject_hash(community: CommunityCode, id: EntityId) -> Hash {
    Hash::of_parts(&[b"menpai-erased-1\0", community.as_bytes(), id.as_bytes()])
}

/// Whether an entry names an entity that was erased.
#[must_use]
pub fn names_erased(entry: &Entry, erased: &dyn Fn(EntityId) -> bool) -> bool {
    entry.edit.iter().flat_map(|edit| &edit.set).any(|item| {
        let member = item.field.split_once(':').map(|(_, member)| member);
        let texts = [member, item.value.as_text()];
        erased(item.id) || texts.into_iter().flatten().any(|text| is_erased(text, erased))
    }) || entry.body.values().any(|value| value_names(value, erased))
}

/// What stays of a record that names an erased entity: that a door was closed, and the rows of a
/// list that are about others. Everything else, free text before all, may speak of it. `None`:
/// nothing stays.
#[must_use]
pub fn remains(entry: &Entry, kinds: &Kinds, erased: &dyn Fn(EntityId) -> bool) -> Option<Vec<u8>> {
    let effects = &kinds.get(&entry.kind)?.effects;
    let body: Map<String, Value> = if let Some(closes) = &effects.closes {
        let kept = [
            Some(&closes.subject),
            Some(&closes.by),
            closes.campaign.as_ref(),
            closes.at.as_ref(),
        ];
        let keep = |name: &Name| Some((name.to_string(), entry.body.get(name.as_str())?.clone()));
        kept.into_iter().flatten().filter_map(keep).collect()
    } else if let Some(list) = (effects.lists.as_ref().map(|lists| &lists.visits))
        .or_else(|| effects.hands_over.as_ref().map(|hands| &hands.said))
    {
        let mut body = entry.body.clone();
        if let Some(Value::Array(rows)) = body.get_mut(list.as_str()) {
            rows.retain(|row| !value_names(row, erased));
        }
        body
    } else {
        return None;
    };
    if body.values().any(|value| value_names(value, erased)) {
        return None;
    }
    let (id, kind) = (entry.id, &entry.kind);
    let mut draft = Draft::record(id, kind, entry.schema, entry.grid, entry.worker, entry.made_at, body);
    draft.supersedes = entry.supersedes;
    draft.retracts = entry.retracts;
    draft.make().ok().map(|made| made.bytes)
}

fn value_names(value: &Value, erased: &dyn Fn(EntityId) -> bool) -> bool {
    match value {
        Value::String(text) => is_erased(text, erased),
        Value::Array(items) => items.iter().any(|item| value_names(item, erased)),
        Value::Object(members) => members.values().any(|member| value_names(member, erased)),
        _ => false,
    }
}

fn is_erased(text: &str, erased: &dyn Fn(EntityId) -> bool) -> bool {
    text.parse().is_ok_and(erased)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ids::{EntryId, WorkerId};
    use crate::time::Instant;

    fn entity(number: u8) -> EntityId {
        EntityId::from_bytes([number; 16])
    }

    fn record(kind: &str, body: Value) -> Entry {
        let Value::Object(body) = body else {
            panic!("a body is an object")
        };
        let (id, worker) = (EntryId::from_clock(1, [1; 10]), WorkerId::from_bytes([2; 16]));
        Draft::record(id, kind, 1, None, worker, Instant::utc(0), body)
            .make()
            .unwrap()
            .entry
    }

    #[test]
    fn a_door_check_that_names_an_erased_person_keeps_the_door_and_its_outcome() {
        let entry = record(
            "door_check",
            json!({"dwelling_id": entity(1), "mode": "door", "outcome": "met", "met_person_id": entity(2), "diary": "x"}),
        );
        let erased = |id| id == entity(2);
        assert!(names_erased(&entry, &erased));
        let stub = Entry::parse(&remains(&entry, &Kinds::builtin().unwrap(), &erased).unwrap()).unwrap();
        assert_eq!(
            Value::Object(stub.body),
            json!({"dwelling_id": entity(1), "outcome": "met"})
        );
        assert_eq!((stub.id, stub.kind.as_str()), (entry.id, "door_check"));
    }

    #[test]
    fn of_a_visit_to_an_erased_person_nothing_stays() {
        let entry = record("care_visit", json!({"subject_id": entity(2), "note": "x"}));
        let erased = |id| id == entity(2);
        assert!(names_erased(&entry, &erased));
        assert_eq!(remains(&entry, &Kinds::builtin().unwrap(), &erased), None);
    }

    #[test]
    fn a_list_loses_the_rows_about_the_erased_only() {
        let row = |number| json!({"subject_id": entity(number), "overdue_days": 0});
        let entry = record(
            "due_visits",
            json!({"day": "2026-11-24", "visits": [row(1), row(2), row(3)]}),
        );
        let erased = |id| id == entity(2);
        let stub = Entry::parse(&remains(&entry, &Kinds::builtin().unwrap(), &erased).unwrap()).unwrap();
        assert_eq!(stub.body["visits"], json!([row(1), row(3)]));
        assert!(!names_erased(&stub, &erased));
    }

    #[test]
    fn a_handover_loses_what_is_about_the_erased_only() {
        let row = |number| json!({"subject_id": entity(number), "record": "{}"});
        let body = json!({"from": entity(9), "doors": 3, "said": [row(1), row(2)]});
        let entry = record("handover", body);
        let erased = |id| id == entity(2);
        let stub = Entry::parse(&remains(&entry, &Kinds::builtin().unwrap(), &erased).unwrap()).unwrap();
        assert_eq!((&stub.body["said"], &stub.body["doors"]), (&json!([row(1)]), &json!(3)));
    }

    #[test]
    fn one_id_has_another_hash_in_another_community() {
        let hash = |code: &str| subject_hash(code.parse().unwrap(), entity(1));
        assert_ne!(hash("410102002005"), hash("410102002006"));
    }
}
