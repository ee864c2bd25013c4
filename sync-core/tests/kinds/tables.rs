//! Tables and columns of the kinds, and the rows that bodies put into them.

use menpai_sync_core::kinds::{Cell, Class, Family, Kinds, SqlType, Stored, Table, tables};
use serde_json::{Map, Value, json};

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn of(kinds: &Kinds, kind: &str) -> Vec<Table> {
    tables(kinds.get(kind).unwrap())
}

fn cell(table: &Table, row: &[Cell], column: &str) -> Cell {
    row[table.columns.iter().position(|c| c.name == column).unwrap()].clone()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

#[test]
fn objects_flatten_and_lists_become_child_tables() {
    let kinds = Kinds::builtin().unwrap();
    let tables = of(&kinds, "care_visit");
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "care_visit",
            "care_visit_service_needs",
            "care_visit_items_brought",
            "care_visit_errands"
        ]
    );
    let column = |name: &str| tables[0].columns.iter().find(|c| c.name == name).unwrap();
    assert_eq!(
        (column("health_mood").stored, column("health_mood").path.join(".")),
        (Stored::Text, "health.mood".into())
    );
    assert_eq!(
        column("health_mood").comment,
        "身体怎么样·精神 / Health: Mood: ok 好, watch 留意, bad 不好"
    );
    assert_eq!(
        (
            column("visited_at_ms").stored,
            column("visited_at_ms").stored.sql_type()
        ),
        (Stored::InstantMs, SqlType::Integer)
    );
    assert_eq!(
        (column("subject_id").stored, column("subject_id").class),
        (Stored::Id, Some(Class::Care))
    );
}

#[test]
fn a_body_becomes_rows() {
    let kinds = Kinds::builtin().unwrap();
    let tables = of(&kinds, "care_visit");
    let body = map(
        json!({"subject_id": "s", "mode": "door", "met": "met", "visited_at": "2026-11-24T09:12:40.123+08:00",
        "health": {"mood": "ok"}, "number_given": true, "service_needs": ["meal", "comfort"],
        "items_brought": [{"item": "青菜", "quantity": 2, "unit": "斤"}, {"item": "面条", "quantity": 1}]}),
    );
    let main = tables[0].rows(Family::Record, &body);
    assert_eq!(main.len(), 1);
    let at = |column: &str| cell(&tables[0], &main[0], column);
    assert_eq!((at("health_mood"), at("health_action")), (text("ok"), Cell::Null));
    assert_eq!(
        (at("number_given"), at("visited_at_ms")),
        (Cell::Integer(1), Cell::Integer(1_795_482_760_123))
    );
    assert_eq!(
        tables[1].rows(Family::Record, &body),
        [vec![text("meal")], vec![text("comfort")]]
    );
    let brought = tables[2].rows(Family::Record, &body);
    assert_eq!(
        brought,
        [
            vec![text("青菜"), Cell::Integer(2), text("斤")],
            vec![text("面条"), Cell::Integer(1), Cell::Null]
        ]
    );
    assert_eq!(tables[3].rows(Family::Record, &body), Vec::<Vec<Cell>>::new());
}

#[test]
fn an_entity_becomes_rows_and_its_sets_the_members_that_are_true() {
    let kinds = Kinds::builtin().unwrap();
    let tables = of(&kinds, "person");
    let entity = map(json!({"name": "陈玉珍", "registered_here": false, "phone": null,
        "care_categories:living_alone": true, "care_categories:childless": false, "care_categories:orphan": null}));
    let main = tables[0].rows(Family::Registry, &entity);
    assert_eq!(cell(&tables[0], &main[0], "name"), text("陈玉珍"));
    assert_eq!(cell(&tables[0], &main[0], "registered_here"), Cell::Integer(0));
    assert_eq!(cell(&tables[0], &main[0], "phone"), Cell::Null);
    let categories = tables
        .iter()
        .find(|table| table.name == "person_care_categories")
        .unwrap();
    assert_eq!(categories.rows(Family::Registry, &entity), [vec![text("living_alone")]]);
    assert_eq!(categories.columns[0].class, Some(Class::Care));
}

#[test]
fn values_that_do_not_fit_are_null_not_a_panic() {
    let kinds = Kinds::builtin().unwrap();
    for kind in kinds.iter() {
        for table in tables(kind) {
            for value in [json!(null), json!("x"), json!(1.5), json!([1, [], {}]), json!({"x": 1})] {
                let body = Map::from_iter(kind.fields.iter().map(|field| (field.name.to_string(), value.clone())));
                for row in table.rows(kind.family, &body) {
                    assert_eq!(row.len(), table.columns.len());
                }
            }
        }
    }
}
