//! What a worker's day consists of, as data: what entries do, never what their kinds are
//! called. The kind files say which kind does it.

use super::dice::Dice;

/// One thing a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A record of the kind that closes doors.
    CheckDoor,
    /// A record of the kind that resets care clocks.
    VisitPerson,
    /// A record of the kind that opens matters.
    ReportMatter,
    /// An edit of something registered.
    CorrectRegistry,
}

/// How often each is done in a day.
const DAY: [(Task, usize); 4] = [
    (Task::CheckDoor, 60),
    (Task::VisitPerson, 20),
    (Task::CorrectRegistry, 5),
    (Task::ReportMatter, 3),
];

/// When work begins, and how long a day of it is.
const WORK_MS: i64 = 8 * 3_600_000;

/// A day's tasks in the order of the day, each with the milliseconds since its beginning.
pub(super) fn tasks(dice: &mut Dice) -> Vec<(i64, Task)> {
    let mut tasks: Vec<Task> = DAY
        .iter()
        .flat_map(|(task, times)| std::iter::repeat_n(*task, *times))
        .collect();
    dice.shuffle(&mut tasks);
    let count = i64::try_from(tasks.len()).unwrap_or(1).max(1);
    let step = WORK_MS / count;
    (0..)
        .map(|index: i64| index * step)
        .zip(tasks)
        .map(|(at, task)| (at + dice.between(0, step - 1), task))
        .collect()
}

/// From the day's first task until its sync.
pub(super) const fn length_ms() -> i64 {
    WORK_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_88_tasks_in_order() {
        let tasks = tasks(&mut Dice::new(1));
        assert_eq!(tasks.len(), 88);
        assert!(tasks.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        assert!(tasks.iter().all(|(at, _)| (0..WORK_MS).contains(at)));
        assert_eq!(tasks.iter().filter(|(_, task)| *task == Task::CheckDoor).count(), 60);
    }
}
