//! The kinds there are: those compiled in from `schemas/kinds/`, or others a test reads.
//! A catalogue that exists hangs together: references point to types it has, writers are
//! roles that can be granted, and no two tables or columns collide.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::tables;
use super::field::{Choice, Field, Members, Shape, Targets};
use super::kind::{Class, Family, Kind};
use super::name::Name;
use super::parse::KindFileError;

/// Name (without `.json`) and text of every kind file, in the order of names.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/kind_files.rs"));

/// The role that office devices have everywhere; it is never granted.
const OFFICE_ROLE: &str = "office";

/// Every kind, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Kinds {
    by_name: BTreeMap<Name, Kind>,
}

/// Why kind files make no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum KindsError {
    /// One of them is wrong in itself.
    #[error("{file}: {source}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong.
        source: KindFileError,
    },
    /// A file is named otherwise than its kind, or two have one kind.
    #[error("{file}: its kind is {kind}")]
    FileName {
        /// The file's name.
        file: String,
        /// The kind in it.
        kind: Name,
    },
    /// A reference to a type that does not exist.
    #[error("{kind}.{field} refers to {target}, which is no registry type")]
    DanglingRef {
        /// Where.
        kind: Name,
        /// Where in it.
        field: Name,
        /// What it names.
        target: Name,
    },
    /// A writer that is no role: nobody could ever write the kind.
    #[error("{kind}: {role} is no role that may write it")]
    UnknownRole {
        /// Where.
        kind: Name,
        /// What it names.
        role: Name,
    },
    /// Two kinds, lists or fields would share a table or a column.
    #[error("{kind}: {name} is taken by another table or column")]
    SameSqlName {
        /// Where.
        kind: Name,
        /// The table or column.
        name: String,
    },
}

impl Kinds {
    /// The kinds compiled in. They are read, not checked: a test checks them
    /// ([`Kinds::from_files`]), and a phone need not carry what it would check them with.
    pub fn builtin() -> Result<Kinds, KindsError> {
        read(FILES.iter().copied(), Kind::read)
    }

    /// Name and text of every kind file compiled in, for readers of another language.
    #[must_use]
    pub fn builtin_files() -> &'static [(&'static str, &'static str)] {
        FILES
    }

    /// Reads and checks kind files: pairs of name (without `.json`) and text.
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Kinds, KindsError> {
        let kinds = read(files, Kind::parse)?;
        kinds.check_refs()?;
        kinds.check_writers()?;
        kinds.check_sql_names()?;
        Ok(kinds)
    }

    /// The kind of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.by_name.get(name)
    }

    /// The registry type of that name.
    #[must_use]
    pub fn registry_type(&self, name: &str) -> Option<&Kind> {
        self.get(name).filter(|kind| kind.family == Family::Registry)
    }

    /// Every kind, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.by_name.values()
    }

    /// The class of a registry field (`field` or `field:member`); `None` if there is no
    /// such type or field.
    #[must_use]
    pub fn class_of(&self, registry_type: &str, field: &str) -> Option<Class> {
        let name = field.split_once(':').map_or(field, |(name, _)| name);
        self.registry_type(registry_type)?.field(name)?.class
    }

    /// The roles that can be granted.
    #[must_use]
    pub fn roles(&self) -> Vec<&Choice> {
        let granting = |kind: &'_ Kind| Some(kind.effects.grants.as_ref()?.role.clone());
        let role_fields = self.iter().filter_map(|kind| kind.field(granting(kind)?.as_str()));
        role_fields
            .filter_map(|field| match &field.shape {
                Shape::Choice { choices, .. } => Some(choices),
                _ => None,
            })
            .flatten()
            .collect()
    }

    fn check_refs(&self) -> Result<(), KindsError> {
        for kind in self.iter() {
            for field in all_fields(&kind.fields) {
                let (Shape::Ref { to } | Shape::Set(Members::Refs { to, .. })) = &field.shape else {
                    continue;
                };
                let unknown = |target: &&Name| {
                    !Targets::BUILTIN.contains(&target.as_str()) && self.registry_type(target.as_str()).is_none()
                };
                if let Some(target) = to.names().iter().find(unknown) {
                    return Err(KindsError::DanglingRef {
                        kind: kind.name.clone(),
                        field: field.name.clone(),
                        target: target.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn check_writers(&self) -> Result<(), KindsError> {
        let roles: BTreeSet<&str> = self.roles().iter().map(|role| role.value.as_str()).collect();
        for kind in self.iter() {
            // What the office writes no phone does, whatever role its worker has: at the desk more is asked of them.
            let is_open = kind.family != Family::Office;
            let unknown = |role: &&Name| role.as_str() != OFFICE_ROLE && !(is_open && roles.contains(role.as_str()));
            if let Some(role) = kind.writers.iter().find(unknown) {
                return Err(KindsError::UnknownRole {
                    kind: kind.name.clone(),
                    role: role.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_sql_names(&self) -> Result<(), KindsError> {
        let mut taken = BTreeSet::new();
        for kind in self.iter() {
            let refuse = |name: &str| KindsError::SameSqlName {
                kind: kind.name.clone(),
                name: name.to_owned(),
            };
            for table in tables(kind) {
                let mut columns = BTreeSet::new();
                if let Some(twice) = table.columns.iter().find(|column| !columns.insert(column.name.clone())) {
                    return Err(refuse(&twice.name));
                }
                if taken.contains(&table.name) {
                    return Err(refuse(&table.name));
                }
                taken.insert(table.name);
            }
        }
        Ok(())
    }
}

fn read<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    kind: fn(&str) -> Result<Kind, KindFileError>,
) -> Result<Kinds, KindsError> {
    let mut by_name = BTreeMap::new();
    for (file, text) in files {
        let kind = kind(text).map_err(|source| KindsError::File {
            file: file.to_owned(),
            source,
        })?;
        if kind.name != *file || by_name.contains_key(&kind.name) {
            return Err(KindsError::FileName {
                file: file.to_owned(),
                kind: kind.name,
            });
        }
        by_name.insert(kind.name.clone(), kind);
    }
    Ok(Kinds { by_name })
}

fn all_fields(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().flat_map(|field| {
        let inner = match &field.shape {
            Shape::Object { fields } | Shape::List { fields, .. } => fields.as_slice(),
            _ => &[],
        };
        std::iter::once(field).chain(inner)
    })
}
