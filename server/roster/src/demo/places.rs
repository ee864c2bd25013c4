//! The demonstration's places: four grids with 16 compounds, in them 46 buildings. Blocks of
//! six or seven floors with two doors on a landing, and two towers with lifts. Addresses are
//! invented; only street and community are real.

/// Street and community of the demonstration, and the community's division code.
pub const STREET: &str = "建设路街道";
/// The community.
pub const COMMUNITY: &str = "协作路社区";
/// The community's twelve-digit division code.
pub const COMMUNITY_CODE: &str = "410102002005";

/// The grids with their sixteen-digit codes.
pub const GRIDS: [(&str, &str); 4] = [
    ("第1网格", "4101020020050100"),
    ("第2网格", "4101020020050200"),
    ("第3网格", "4101020020050300"),
    ("第4网格", "4101020020050400"),
];

/// A building and how its doors are numbered.
pub(super) struct Building {
    pub(super) grid: &'static str,
    pub(super) compound: &'static str,
    pub(super) name: String,
    shape: Shape,
    /// Doors to the street on the ground floor.
    pub(super) shops: u32,
}

#[derive(Clone, Copy)]
struct Shape {
    /// 0 where a building has one entrance and its doors name no unit.
    units: u32,
    floors: u32,
    doors_on_a_floor: u32,
}

/// A flat: its unit (`None`: the building has none) and its door number.
pub(super) struct Flat {
    pub(super) unit: Option<u32>,
    pub(super) door: String,
}

impl Building {
    /// Every flat, entrance by entrance from the bottom up.
    pub(super) fn flats(&self) -> Vec<Flat> {
        let Shape {
            units,
            floors,
            doors_on_a_floor,
        } = self.shape;
        let unit_numbers: Vec<Option<u32>> = match units {
            0 => vec![None],
            units => (1..=units).map(Some).collect(),
        };
        let mut flats = Vec::new();
        for unit in unit_numbers {
            for floor in 1..=floors {
                for door in 1..=doors_on_a_floor {
                    flats.push(Flat {
                        unit,
                        door: (floor * 100 + door).to_string(),
                    });
                }
            }
        }
        flats
    }
}

/// Every building, grid by grid.
pub(super) fn buildings() -> Vec<Building> {
    COMPOUNDS
        .iter()
        .flat_map(|(grid, compound, shapes)| {
            shapes.iter().zip(1..).map(move |((shape, shops), number)| Building {
                grid: GRIDS[*grid].0,
                compound,
                name: format!("{number}号楼"),
                shape: *shape,
                shops: *shops,
            })
        })
        .collect()
}

/// How many compounds there are.
pub(super) fn compound_count() -> usize {
    COMPOUNDS.len()
}

const fn block(units: u32, floors: u32) -> Shape {
    Shape {
        units,
        floors,
        doors_on_a_floor: 2,
    }
}

const fn tower(floors: u32, doors_on_a_floor: u32) -> Shape {
    Shape {
        units: 0,
        floors,
        doors_on_a_floor,
    }
}

const SMALL: Shape = block(3, 6);
const MIDDLE: Shape = block(4, 6);
const LONG: Shape = block(5, 7);

/// Position of the grid, name, and per building its shape and its shops.
type Compound = (usize, &'static str, &'static [(Shape, u32)]);

const COMPOUNDS: &[Compound] = &[
    (0, "协作路3号院", &[(SMALL, 4), (SMALL, 0), (MIDDLE, 0)]),
    (0, "协作路5号院", &[(MIDDLE, 3), (MIDDLE, 0), (LONG, 0)]),
    (0, "协作路9号院", &[(SMALL, 0), (SMALL, 0), (LONG, 3)]),
    (0, "仪表厂家属院", &[(SMALL, 0), (SMALL, 0), (SMALL, 0)]),
    (1, "协作路16号院", &[(MIDDLE, 4), (MIDDLE, 0), (LONG, 0)]),
    (1, "协作路18号院", &[(SMALL, 3), (SMALL, 0), (MIDDLE, 0)]),
    (1, "纺机厂家属院", &[(LONG, 0), (LONG, 0), (SMALL, 0), (SMALL, 0)]),
    (1, "槐荫里小区", &[(MIDDLE, 0), (MIDDLE, 0)]),
    (2, "协作路27号院", &[(SMALL, 4), (MIDDLE, 0), (SMALL, 0)]),
    (2, "协作路31号院", &[(SMALL, 0), (LONG, 3), (SMALL, 0)]),
    (2, "协作新苑", &[(tower(33, 8), 4), (MIDDLE, 0)]),
    (2, "电缆厂家属院", &[(MIDDLE, 0), (SMALL, 0), (LONG, 0)]),
    (3, "协作路40号院", &[(SMALL, 4), (MIDDLE, 0)]),
    (3, "协作路42号院", &[(MIDDLE, 0), (SMALL, 0), (LONG, 0)]),
    (3, "桐花苑", &[(tower(30, 7), 4), (MIDDLE, 0)]),
    (3, "供销社家属院", &[(SMALL, 0), (SMALL, 0), (LONG, 0), (LONG, 0)]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compounds_and_buildings_are_sixty_two() {
        assert_eq!(compound_count(), 16);
        assert_eq!(buildings().len(), 46);
    }

    #[test]
    fn every_grid_has_its_compounds_and_a_code_of_the_community() {
        for (position, (name, code)) in GRIDS.iter().enumerate() {
            assert!(code.starts_with(COMMUNITY_CODE) && code.len() == 16);
            assert_eq!(COMPOUNDS.iter().filter(|(grid, ..)| *grid == position).count(), 4);
            assert!(buildings().iter().any(|building| building.grid == *name));
        }
    }

    #[test]
    fn flats_are_numbered_by_floor() {
        let buildings = buildings();
        let flats = buildings[0].flats();
        assert_eq!(flats.len(), 36);
        assert_eq!((flats[0].unit, flats[0].door.as_str()), (Some(1), "101"));
        assert_eq!((flats[35].unit, flats[35].door.as_str()), (Some(3), "602"));
        let tower = buildings
            .iter()
            .find(|building| building.compound == "协作新苑")
            .unwrap();
        let flats = tower.flats();
        assert_eq!(flats.len(), 264);
        assert_eq!((flats[263].unit, flats[263].door.as_str()), (None, "3308"));
    }
}
