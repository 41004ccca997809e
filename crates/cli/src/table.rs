//! Tables as Helm prints them.

use std::fmt::Write as _;

/// Columns parted by tabs, each as wide as its widest cell but no wider than `widest`; what is
/// longer ends in `...`. This is how [uitable v0.0.4][1] does it, to the letter, so that scripts
/// which read Helm's tables read these.
///
/// [1]: https://github.com/gosuri/uitable/blob/v0.0.4/table.go
pub(crate) fn table<const N: usize>(widest: usize, rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        let width = cells.max().unwrap_or_default();
        if widest == 0 {
            width
        } else {
            width.min(widest)
        }
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            if column > 0 {
                text.push('\t');
            }
            push(&mut text, cell, widths[column]);
        }
        text.push('\n');
    }
    text
}

fn push(text: &mut String, cell: &str, width: usize) {
    if cell.chars().count() <= width {
        // Writing to a string does not fail.
        let _ = write!(text, "{cell:width$}");
        return;
    }
    let kept = width.saturating_sub(3).max(1);
    text.extend(cell.chars().take(kept));
    text.push_str("...");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_helm_makes_them() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [
            row(["NAME", "VERSION", "STATUS"]),
            row(["common", ">=0.1", "missing"]),
        ];
        assert_eq!(
            table(80, &rows),
            "NAME  \tVERSION\tSTATUS \ncommon\t>=0.1  \tmissing\n"
        );
        // Recorded from `helm dependency list --max-col-width`, v4.3.1.
        assert_eq!(
            table(5, &rows),
            "NAME \tVE...\tST...\nco...\t>=0.1\tmi...\n"
        );
    }
}
