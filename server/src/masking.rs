//! Names of residents for those who need to recognise a row and not the person.

/// First and last character, a star for each between: `王*平`, `欧**华`; of two the first, `王*`.
#[must_use]
pub fn masked(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    match letters.as_slice() {
        [] => String::new(),
        [_] => "*".to_owned(),
        [first, _] => format!("{first}*"),
        [first, between @ .., last] => format!("{first}{}{last}", "*".repeat(between.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn what_is_left_of_a_name_is_its_ends() {
        for (name, left) in [
            ("王小平", "王*平"),
            ("王平", "王*"),
            ("王", "*"),
            ("", ""),
            ("欧阳小华", "欧**华"),
            (" 王小平 ", "王*平"),
        ] {
            assert_eq!(masked(name), left);
        }
    }
}
