//! SQL lives under the store and in the migrations, nowhere else.

use super::source::{Found, code_lines};

/// What begins a statement, as we write it: in capitals, at the beginning of a string.
const STATEMENTS: [&str; 18] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE FROM",
    "REPLACE INTO",
    "CREATE ",
    "DROP ",
    "ALTER ",
    "PRAGMA ",
    "WITH ",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE ",
    "ATTACH ",
    "VACUUM",
    "ANALYZE",
];

/// Lines of code with a string that begins as a statement of SQL does.
#[must_use]
pub fn sql_in(text: &str) -> Vec<Found> {
    code_lines(text)
        .filter(|(_, line)| {
            line.split('"').skip(1).any(|string| {
                let string = string.trim_start();
                STATEMENTS.iter().any(|statement| string.starts_with(statement))
            })
        })
        .map(|(line, text)| Found {
            line,
            text: text.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_in_code_is_found() {
        let violating = "let n = connection.query_row(\"SELECT count(*) FROM entry\", [], read)?;";
        assert_eq!(sql_in(violating).len(), 1);
        assert_eq!(sql_in("transaction.execute_batch(\"ROLLBACK TO request\")?;").len(), 1);
        assert_eq!(sql_in("let sql = r#\"  UPDATE entry SET body = NULL\"#;").len(), 1);
    }

    #[test]
    fn words_that_are_no_statements_pass() {
        for harmless in [
            "// SELECT 1",
            "let text = \"Select a grid\";",
            "#[cfg(test)]\nlet s = \"SELECT 1\";",
        ] {
            assert!(sql_in(harmless).is_empty(), "{harmless}");
        }
    }
}
