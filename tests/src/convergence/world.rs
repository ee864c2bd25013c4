//! Everybody of a scenario: the home, its office, the phones, the network between them, and what
//! the comparison must know of what befell them.

use std::collections::BTreeMap;

use menpai_server::simulate::Dice;
use menpai_sync_core::ids::{EntityId, EntryId, GridId, WorkerId};

use super::apps::{self, App};
use super::devices::{Kept, Lost};
use super::home::{Home, code};
use super::network::Network;
use super::office::{Office, key};
use super::phone::TestPhone;
use super::reader::Reader;
use super::{Trials, town};

const BEGIN_MS: i64 = 1_795_483_957_123;
const FEWEST_PHONES: usize = 3;
const MOST_PHONES: usize = 8;
pub(super) const GRID_ROLE: &str = "grid_worker";

pub(super) struct World {
    pub(super) home: Home,
    pub(super) office: Office,
    pub(super) phones: Vec<TestPhone>,
    pub(super) network: Network,
    pub(super) now_ms: i64,
    pub(super) dice: Dice,
    /// All that there ever were: a home that was put back may not know the later ones.
    pub(super) grids: Vec<GridId>,
    /// Whose roles ended where.
    pub(super) past: Vec<(WorkerId, GridId)>,
    pub(super) kept: Kept,
    pub(super) homes_are_put_back: bool,
    pub(super) lost: Lost,
    pub(super) reader: Reader,
    /// No lines lead to some part any more.
    pub(super) parts_began_again: bool,
    /// How many records the office wrote as it moved things between grids.
    pub(super) handovers: usize,
    /// What was erased, and of which grid it was.
    pub(super) erased: BTreeMap<EntityId, Option<GridId>>,
    /// Whose id number a record says, and which.
    pub(super) id_numbers: BTreeMap<EntryId, (EntityId, &'static str)>,
    pub(super) trials: Trials,
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let mut dice = Dice::of(seed, 0);
        let code = code(seed);
        let mut office = Office::new(&mut dice, BEGIN_MS);
        let home = Home::found(code, apps::builtin(), key(&mut dice), &office);
        let grids = town::build(&home, &mut office).to_vec();
        let mut world = World {
            home,
            office,
            phones: Vec::new(),
            network: Network::default(),
            now_ms: BEGIN_MS,
            dice,
            grids,
            past: Vec::new(),
            kept: Kept::default(),
            homes_are_put_back: seed.is_multiple_of(2),
            lost: Lost::default(),
            reader: Reader::default(),
            parts_began_again: false,
            handovers: 0,
            erased: BTreeMap::new(),
            id_numbers: BTreeMap::new(),
            trials: Trials::default(),
        };
        let count = FEWEST_PHONES + world.dice.below(MOST_PHONES - FEWEST_PHONES + 1);
        for number in 0..count {
            // The first phone is ahead of its home, some are behind; the second has nothing to do
            // here yet.
            let app = match number {
                0 => App::Tomorrow,
                _ if world.dice.percent(30) => App::Yesterday,
                _ => App::Today,
            };
            let phone = TestPhone::new(&world.home, app, &mut world.dice);
            world
                .office
                .register(&world.home, phone.device, phone.worker, &phone.key.public_key());
            // Most work in the first grid, so that they meet.
            let grid = world.grids[usize::from(world.dice.percent(25))];
            if number != 1 {
                world.office.assign(&world.home, phone.worker, GRID_ROLE, Some(grid));
            }
            world.phones.push(phone);
        }
        world
    }

    /// Lets some time pass.
    pub(super) fn pass(&mut self, most_ms: i64) {
        self.now_ms += self.dice.between(1, most_ms);
        self.office.now_ms = self.now_ms;
    }

    /// The second server reads what is new.
    pub(super) fn read(&mut self) -> Result<(), String> {
        let read = self.reader.read(&self.home, &mut self.trials);
        read.map_err(|error| format!("a second server: {error}"))
    }

    pub(super) fn some_grid(&mut self) -> GridId {
        self.grids[self.dice.below(self.grids.len())]
    }

    /// Who has a role in a grid now, as the home knows.
    pub(super) fn workers_of(&self, grid: GridId) -> Vec<WorkerId> {
        self.home.community().directory().workers_of(grid, self.now_ms)
    }

    /// Something of a type that the phone knows, with its grid.
    pub(super) fn known(&mut self, phone: usize, entity_type: &str) -> Option<(EntityId, GridId)> {
        let replica = self.phones[phone].phone.replica()?;
        let mut known: Vec<(EntityId, GridId)> = replica
            .rows()
            .filter(|(_, row)| row.entity_type == entity_type)
            .filter_map(|(id, row)| Some((id, row.part.grid?)))
            .collect();
        known.sort_unstable();
        self.dice.pick(&known).copied()
    }
}
