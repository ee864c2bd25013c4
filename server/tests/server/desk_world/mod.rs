//! A home with one community, its secretary at the desk and phones that write through the
//! real ingest; the real app, in-process or on a port of its own.

pub(crate) mod http;

use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use actix_web::test::TestRequest;
use actix_web::{test, web};
use menpai_server::auth::hash_password;
use menpai_server::clock;
use menpai_server::home::Home;
use menpai_server::office::{Office, records};
use menpai_server::router;
use menpai_server::routes::static_files::WebFolder;
use menpai_server::store::node::{self, Account};
use menpai_server::sync::{Community, Contact, SliceOutcome};
use menpai_sync_core::entry::{Draft, Edit, Scalar, SetItem};
use menpai_sync_core::ids::{CommunityCode, DeviceId, EntityId, GridId, Hash, WorkerId};
use menpai_sync_core::part::Part;
use menpai_sync_core::time::Instant;
use serde_json::{Map, Value, json};

use crate::phones::{CODE, HOUR_MS, Phone, grid, set, text};

pub(crate) const PASSWORD: &str = "k7mw-p3qt";

/// A home with one community and its secretary; phones write through the real ingest.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) home: web::Data<Home>,
    pub(crate) office: Office,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("index.html"), "").unwrap();
        let home = Home::open(&folder.path().join("data")).unwrap();
        let office = Office::found(&home, CODE.parse().unwrap()).unwrap();
        appoint(
            &office,
            account(&home, "secretary", "何静", CODE),
            "何静",
            "community_secretary",
        );
        World {
            folder,
            home: web::Data::new(home),
            office,
        }
    }

    pub(crate) fn code(&self) -> CommunityCode {
        CODE.parse().unwrap()
    }

    /// A phone of a worker of grid 1.
    pub(crate) fn phone(&self, name: &str, phone_name: &str) -> Phone {
        let phone = Phone::new();
        let device = json!({"device": phone.device, "worker": phone.worker, "type": "phone",
                            "public_key": phone.signer.public_key(), "name": phone_name});
        let from = Instant {
            unix_ms: clock::now_ms() - 30 * 24 * HOUR_MS,
            offset_minutes: 480,
        };
        let assignment =
            json!({"worker": phone.worker, "worker_name": name, "role": "grid_worker", "grid": grid(1), "from": from});
        self.office
            .write(&[
                self.office.record("device", None, object(device)),
                self.office.record("assignment", None, object(assignment)),
            ])
            .unwrap();
        phone
    }

    /// A worker gets a role in a grid.
    pub(crate) fn assign(&self, worker: WorkerId, name: &str, in_grid: GridId) {
        let from = Instant {
            unix_ms: clock::now_ms() - 30 * 24 * HOUR_MS,
            offset_minutes: 480,
        };
        let body = json!({"worker": worker, "worker_name": name, "role": "grid_worker", "grid": in_grid, "from": from});
        let draft = self.office.record("assignment", None, object(body));
        self.office.write(&[draft]).unwrap();
    }

    /// The grid, a building, a door and a household with a phone number.
    pub(crate) fn registry(&self) -> (EntityId, EntityId, EntityId) {
        let place = clock::new_entry_id();
        let building = EntityId::made_by(place, 0);
        let home = clock::new_entry_id();
        let (door, household, head) = (
            EntityId::made_by(home, 0),
            EntityId::made_by(home, 1),
            EntityId::made_by(home, 2),
        );
        self.edit(
            place,
            vec![
                set("place", building, "type", text("building")),
                set("place", building, "name", text("3号楼")),
            ],
        );
        self.edit(
            home,
            vec![
                set("dwelling", door, "building_id", text(&building.to_string())),
                set("dwelling", door, "unit", text("2")),
                set("dwelling", door, "room", text("302")),
                set("dwelling", door, "use", text("home")),
                set("household", household, "dwelling_id", text(&door.to_string())),
                set("household", household, "head_person_id", text(&head.to_string())),
                set("household", household, "phone", text("13800002206")),
                set("person", head, "household_id", text(&household.to_string())),
                set("person", head, "name", text("陈玉珍")),
            ],
        );
        (door, household, head)
    }

    /// `count` doors of one building in a grid, rooms 1, 2, 3 …
    pub(crate) fn doors(&self, in_grid: u8, building_name: &str, count: usize) -> Vec<EntityId> {
        let place = clock::new_entry_id();
        let building = EntityId::made_by(place, 0);
        let mut items = vec![
            set("place", building, "type", text("building")),
            set("place", building, "name", text(building_name)),
        ];
        self.edit_in(in_grid, place, items);
        let mut doors = Vec::new();
        while doors.len() < count {
            let entry = clock::new_entry_id();
            items = Vec::new();
            for index in 0..50.min(count - doors.len()) {
                let door = EntityId::made_by(entry, u64::try_from(index).unwrap());
                doors.push(door);
                items.extend([
                    set("dwelling", door, "building_id", text(&building.to_string())),
                    set("dwelling", door, "unit", text("1")),
                    set("dwelling", door, "room", text(&doors.len().to_string())),
                ]);
            }
            self.edit_in(in_grid, entry, items);
        }
        doors
    }

    pub(crate) fn edit(&self, id: menpai_sync_core::ids::EntryId, set: Vec<SetItem>) {
        self.edit_in(1, id, set);
    }

    pub(crate) fn edit_in(&self, in_grid: u8, id: menpai_sync_core::ids::EntryId, set: Vec<SetItem>) {
        let body = object(json!({"source": "roster_import"}));
        let base = if in_grid == 1 { self.heads() } else { Vec::new() };
        let edit = Edit { base, set };
        let draft = Draft::edit(id, 1, Some(grid(in_grid)), self.office.worker, clock::now(), edit, body);
        self.office.write(&[draft]).unwrap();
    }

    pub(crate) fn community(&self) -> std::sync::Arc<Community> {
        self.home.communities.get(self.code()).unwrap().unwrap()
    }

    /// Waits until the writer has done what nobody waits for.
    pub(crate) fn settled(&self) {
        self.office.write(&[]).unwrap();
    }

    /// As if a device had been heard from at that time and never since.
    pub(crate) fn forget_contacts(&self, device: DeviceId, at_ms: i64) {
        self.settled();
        let file = rusqlite::Connection::open(self.community().path()).unwrap();
        let done = file.execute(
            "UPDATE device_heard SET contact_ms = ?2, complete_ms = ?2 WHERE device = ?1",
            rusqlite::params![device.as_bytes(), at_ms],
        );
        assert_eq!(done, Ok(1));
    }

    /// The office says that a phone is lost.
    pub(crate) fn revoke(&self, phone: &Phone) {
        let body = json!({"device": phone.device, "worker": phone.worker, "type": "phone", "name": "丢失的手机",
                          "public_key": phone.signer.public_key(), "revoked_at": clock::now(), "revoked_because": "lost"});
        self.office
            .write(&[self.office.record("device", None, object(body))])
            .unwrap();
    }

    /// The office ends what a worker was assigned to.
    pub(crate) fn end_assignments(&self, phone: &Phone) {
        let old = self.community().query(|connection| {
            let find = "SELECT entry_id FROM assignment WHERE worker = ?1";
            let found = connection.query_row(find, [phone.worker.to_string()], |row| row.get::<_, String>(0));
            Ok(found?)
        });
        let now = clock::now_ms();
        let at = |unix_ms| Instant {
            unix_ms,
            offset_minutes: 480,
        };
        let body = json!({"worker": phone.worker, "worker_name": "周桂兰", "role": "grid_worker", "grid": grid(1),
                          "from": at(now - 24 * HOUR_MS), "until": at(now - 1_000), "end_reason": "ordinary"});
        let mut draft = self.office.record("assignment", None, object(body));
        draft.supersedes = Some(old.unwrap().parse().unwrap());
        self.office.write(&[draft]).unwrap();
    }

    /// A sweep of door checks over some grids.
    pub(crate) fn campaign(&self, name: &str, from: &str, until: &str, grids: &[GridId]) -> EntityId {
        let entry = clock::new_entry_id();
        let campaign = EntityId::made_by(entry, 0);
        let mut items = vec![
            set("campaign", campaign, "name", text(name)),
            set("campaign", campaign, "campaign_kind", text("sweep")),
            set("campaign", campaign, "record_kind", text("door_check")),
            set("campaign", campaign, "starts_on", text(from)),
            set("campaign", campaign, "ends_on", text(until)),
        ];
        items.extend(
            grids
                .iter()
                .map(|grid| set("campaign", campaign, &format!("scope:{grid}"), Scalar::Boolean(true))),
        );
        self.edit(entry, items);
        campaign
    }

    pub(crate) fn heads(&self) -> Vec<Hash> {
        let part: Part = format!("{}/open", grid(1)).parse().unwrap();
        self.office.community.heads(part).unwrap()
    }

    pub(crate) fn sync(&self, phone: &Phone, offset_ms: i64) {
        let contact = Contact {
            received_ms: clock::now_ms(),
            offset_ms,
            last: None,
        };
        let community = self.home.communities.get(self.code()).unwrap().unwrap();
        let outcome = community.ingest(phone.device, phone.all(), contact).unwrap();
        assert!(matches!(outcome, SliceOutcome::Taken { .. }));
    }

    pub(crate) async fn get(&self, path: &str, cookie: Option<&str>) -> (StatusCode, Value) {
        let mut request = TestRequest::get().uri(&format!("/api/v1/desk/{path}"));
        if let Some(cookie) = cookie {
            request = request.insert_header((COOKIE, cookie));
        }
        let (status, body) = self.send(request).await;
        (StatusCode::from_u16(status).unwrap(), body)
    }

    pub(crate) async fn read(&self, path: &str, cookie: &str) -> Value {
        let (status, body) = self.get(path, Some(cookie)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// A request of a page of the desk, without its body.
    pub(crate) fn from_page(path: &str, cookie: &str) -> TestRequest {
        TestRequest::post()
            .uri(&format!("/api/v1/desk/{path}"))
            .insert_header((HOST, "localhost:8080"))
            .insert_header((ORIGIN, "http://localhost:8080"))
            .insert_header((COOKIE, cookie))
    }

    /// Status and body of the answer to a request; an answer without body is null.
    pub(crate) async fn send(&self, request: TestRequest) -> (u16, Value) {
        let response = self.answer(request).await;
        let status = response.status().as_u16();
        let body = test::read_body(response).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Sends what a page of the desk sends.
    pub(crate) async fn post(&self, path: &str, cookie: &str, body: &Value) -> (u16, Value) {
        self.send(World::from_page(path, cookie).set_json(body)).await
    }

    pub(crate) async fn sign_in(&self, account: &str) -> String {
        let asked = json!({"account": account, "password": PASSWORD});
        let response = self.answer(World::from_page("sessions", "").set_json(asked)).await;
        assert_eq!(response.status(), StatusCode::OK);
        let set = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    pub(crate) async fn answer(&self, request: TestRequest) -> ServiceResponse {
        let web_folder = web::Data::new(WebFolder::load(self.folder.path()).unwrap());
        let app = test::init_service(router::app(self.home.clone(), web_folder)).await;
        let from_here = request.peer_addr("127.0.0.1:9".parse().unwrap());
        test::call_service(&app, from_here.to_request()).await
    }
}

pub(crate) fn account(home: &Home, name: &str, display_name: &str, community: &str) -> WorkerId {
    let account = Account {
        name: name.to_owned(),
        password_hash: hash_password(PASSWORD).unwrap(),
        worker: clock::new_worker_id(),
        display_name: display_name.to_owned(),
        community: community.parse().unwrap(),
    };
    home.node_store()
        .write(|transaction| {
            node::insert_account(transaction, &account, clock::now_ms())?;
            // Tests of the second factor undo it: everybody else signs in with a password.
            node::mark_demo_account(transaction, name)
        })
        .unwrap();
    account.worker
}

/// Gives somebody a role in the whole community.
pub(crate) fn appoint(office: &Office, worker: WorkerId, name: &str, role: &str) {
    appoint_in(office, worker, name, role, None);
}

/// Gives somebody a role in a grid.
pub(crate) fn appoint_in(office: &Office, worker: WorkerId, name: &str, role: &str, in_grid: Option<GridId>) {
    let from = Instant {
        unix_ms: clock::now_ms() - 30 * 24 * HOUR_MS,
        offset_minutes: 480,
    };
    let body = records::assignment(worker, name, role, in_grid, from);
    office.write(&[office.record(records::ASSIGNMENT, None, body)]).unwrap();
}

pub(crate) fn day(unix_ms: i64) -> String {
    Instant {
        unix_ms,
        offset_minutes: 480,
    }
    .to_string()[..10]
        .to_owned()
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else {
        panic!("not an object: {value}")
    };
    object
}

pub(crate) fn labelled<'a>(record: &'a Value, zh: &str) -> &'a Value {
    let body = record["body"].as_array().unwrap();
    &body
        .iter()
        .find(|content| content["label"]["zh"] == zh)
        .unwrap_or_else(|| panic!("no {zh} in {body:?}"))["text"]
}

/// An edit of one field by a phone, from what it had seen.
pub(crate) fn change(phone: &mut Phone, base: Vec<Hash>, item: SetItem, source: &str) {
    let id = phone.new_id();
    phone.clock_ms += 1_000;
    let made_at = Instant {
        unix_ms: phone.clock_ms,
        offset_minutes: 480,
    };
    let edit = Edit { base, set: vec![item] };
    let body = object(json!({"source": source}));
    let draft = Draft::edit(id, 1, Some(grid(1)), phone.worker, made_at, edit, body);
    phone.entries.push(draft.make().unwrap().bytes);
}
