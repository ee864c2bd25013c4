//! Where a row's person lives: grid, compound, building, unit and door, each from its own
//! column or from one address. What stands in a column counts before what the address says; a
//! place that can be read in two ways, or that a spreadsheet has turned into a date, is
//! rejected with what was seen.

use super::Check;
use crate::column::Column;
use crate::findings::RejectionCode;
use crate::lines;
use crate::normalise;
use crate::parse::address::{self, Address, Lacks};
use crate::parse::building;
use crate::parse::door::{self, Door, Unclear};
use crate::row::NO_UNIT;

/// Where somebody lives.
pub(super) struct Place {
    pub(super) compound: Option<String>,
    pub(super) building: String,
    pub(super) unit: String,
    pub(super) door: String,
}

impl Check<'_> {
    pub(super) fn grid(&mut self, from_sheet_name: Option<&str>) -> Option<String> {
        if normalise::has_lost_digits(self.cell(Column::Grid)) {
            self.reject(
                Column::Grid,
                RejectionCode::MissingGrid,
                "网格编码存成了数字,后几位可能已丢失。请把这一列设为文本再重新填写。",
                "The grid code is stored as a number and may have lost its last digits. Set the column to text and \
                 enter it again.",
            );
            return None;
        }
        self.joined(Column::Grid).or_else(|| from_sheet_name.map(str::to_owned))
    }

    /// `None` after at least one rejection.
    pub(super) fn place(&mut self) -> Option<Place> {
        let said_building = self.place_text(Column::Building, RejectionCode::MissingBuilding);
        let said_unit = self.place_text(Column::Unit, RejectionCode::MissingDoor);
        let said_door = self.place_text(Column::Door, RejectionCode::MissingDoor);
        let compound = self.joined(Column::Compound);
        let address = if said_building.is_none() || said_door.is_none() {
            self.address()
        } else {
            None
        };

        let said_building = said_building.map(|text| address::read_building(&text));
        let unit_is_said = said_unit.is_some() || self.says_no_unit();
        let unit = unit_is_said.then(|| building::unit(said_unit.as_deref()));
        let unit_of_building = said_building.as_ref().and_then(|said| said.unit.clone());
        let units_differ = matches!((&unit, &unit_of_building), (Some(one), Some(other)) if one != other);
        let unit = unit.or(unit_of_building);
        let compound = compound.or_else(|| said_building.as_ref().and_then(|said| said.compound.clone()));
        let said_building = said_building.map(|said| said.building);
        let from_address = address.as_ref().and_then(|read| read.as_ref().ok());
        let beside_door = said_building
            .as_deref()
            .or(from_address.map(|address| address.building.as_str()));
        let door = match said_door {
            Some(text) => self.door(&text, beside_door, unit.as_deref()),
            None => from_address.map(|address| Door {
                building: None,
                unit: address.unit.clone(),
                door: address.door.clone(),
            }),
        };
        let building = said_building
            .or_else(|| from_address.map(|address| address.building.clone()))
            .or_else(|| door.as_ref().and_then(|door| door.building.clone()));
        if units_differ {
            let seen = normalise::text(self.cell(Column::Building)).unwrap_or_default();
            self.unclear_door(Column::Unit, &seen, Unclear::Parts);
        }
        self.report_missing(building.is_none(), door.is_none(), address.as_ref());
        let (building, door) = (building?, door?);
        Some(Place {
            compound: compound.or_else(|| from_address.and_then(|address| address.compound.clone())),
            building,
            unit: unit
                .filter(|unit| unit != NO_UNIT)
                .or(door.unit)
                .unwrap_or_else(|| NO_UNIT.to_owned()),
            door: door.door,
        })
    }

    /// The address of the row, if one stands there.
    fn address(&mut self) -> Option<Result<Address, Lacks>> {
        let text = normalise::text(self.cell(Column::Address))?;
        Some(address::read(&text))
    }

    fn door(&mut self, text: &str, building: Option<&str>, unit: Option<&str>) -> Option<Door> {
        let has_building = ["号楼", "栋", "幢"].iter().any(|word| text.contains(word));
        let read = if has_building {
            match address::read(text) {
                Ok(found) if building.is_none_or(|known| known == found.building) => Ok(Door {
                    building: Some(found.building),
                    unit: found.unit,
                    door: found.door,
                }),
                Ok(_) | Err(Lacks::Building) => Err(Unclear::Parts),
                Err(Lacks::Door(why)) => Err(why),
            }
        } else if text.contains("单元") {
            address::read_door(text, building.unwrap_or_default())
        } else {
            door::read(text, building, unit)
        };
        let read = read.and_then(|door| match (&door.unit, unit) {
            (Some(said), Some(known)) if said != known => Err(Unclear::Parts),
            _ => Ok(door),
        });
        match read {
            Ok(door) => Some(door),
            Err(why) => {
                self.unclear_door(Column::Door, text, why);
                None
            }
        }
    }

    fn unclear_door(&mut self, column: Column, text: &str, why: Unclear) {
        let seen = super::shortened(text);
        let (zh, en) = match why {
            Unclear::LookAlike => (
                format!("“{seen}”里的字母像是数字(O 和 0、l 和 1),请核对后改写。"),
                format!("“{seen}” has a letter that looks like a digit (O and 0, l and 1); write it clearly."),
            ),
            Unclear::Parts => (
                format!("从“{seen}”里看不准是哪一户,请把楼栋、单元、门牌分开写。"),
                format!("“{seen}” does not tell one door for certain; write building, unit and door apart."),
            ),
        };
        self.reject(column, RejectionCode::MissingDoor, &zh, &en);
    }

    fn report_missing(&mut self, no_building: bool, no_door: bool, address: Option<&Result<Address, Lacks>>) {
        let seen = normalise::text(self.cell(Column::Address)).unwrap_or_default();
        match address {
            Some(Err(Lacks::Building)) if no_building => {
                let seen = super::shortened(&seen);
                self.reject(
                    Column::Address,
                    RejectionCode::MissingBuilding,
                    &format!("从“{seen}”里看不准是哪一栋楼,请写成“61号院16号楼2单元301室”的样子。"),
                    &format!("“{seen}” does not tell one building for certain; write it like 61号院16号楼2单元301室."),
                );
            }
            Some(Err(Lacks::Door(why))) if no_door && !self.has(RejectionCode::MissingDoor) => {
                self.unclear_door(Column::Address, &seen, *why);
            }
            _ => {
                let reported = |check: &Self, code| check.has(code);
                if no_building && !reported(self, RejectionCode::MissingBuilding) {
                    let column = self.place_column(Column::Building);
                    self.reject(
                        column,
                        RejectionCode::MissingBuilding,
                        "缺楼栋。",
                        "The building is missing.",
                    );
                }
                if no_door && !reported(self, RejectionCode::MissingDoor) {
                    let column = self.place_column(Column::Door);
                    self.reject(
                        column,
                        RejectionCode::MissingDoor,
                        "缺门牌。",
                        "The door number is missing.",
                    );
                }
            }
        }
    }

    /// The column in which a place has to be put right: its own, or the address if it has none.
    fn place_column(&self, column: Column) -> Column {
        let only_address =
            self.headings.positions(column).is_empty() && !self.headings.positions(Column::Address).is_empty();
        if only_address { Column::Address } else { column }
    }

    /// 无 is nothing to every other column; here it says that there are no units.
    fn says_no_unit(&self) -> bool {
        matches!(self.cell(Column::Unit), crate::table::Cell::Text(text) if text.trim() == NO_UNIT)
    }

    /// The text of a place without blanks; a date in its stead is one that the spreadsheet made of 3-1.
    fn place_text(&mut self, column: Column, code: RejectionCode) -> Option<String> {
        if lines::is_date(self.cell(column)) {
            let heading = column.heading();
            self.reject(
                column,
                code,
                &format!("{heading}被表格软件改成了日期(3-1 变成了 3月1日)。请把这一列设为文本再重新填写。"),
                "The spreadsheet has turned this into a date (3-1 into 1 March). Set the column to text and enter it \
                 again.",
            );
            return None;
        }
        self.joined(column)
    }

    /// A text without blanks.
    fn joined(&mut self, column: Column) -> Option<String> {
        let text = self.text(column)?;
        Some(text.split(' ').collect())
    }
}
