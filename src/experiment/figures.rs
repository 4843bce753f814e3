//! Figures of several runs in words.

/// `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// As [`spread`], of shares.
pub fn percents(shares: &[f64]) -> String {
    let hundreds: Vec<f64> = shares.iter().map(|share| 100.0 * share).collect();
    match spread(&hundreds, 2) {
        text if shares.is_empty() => text,
        text => text + " %",
    }
}

/// Mean ± standard deviation (of a sample: divided by the values less one); one value stands alone.
pub fn spread(values: &[f64], digits: usize) -> String {
    let Some(mean) = mean(values) else { return "n/a".into() };
    if values.len() == 1 {
        return format!("{mean:.digits$}");
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    format!("{mean:.digits$} ± {:.digits$}", (squares / (values.len() - 1) as f64).sqrt())
}
