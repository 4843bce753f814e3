//! Stochastic gradient descent with momentum: `torch.optim.SGD` with dampening 0, without Nesterov.
//!
//! `velocity' = momentum · velocity + grad + weight_decay · weight`
//! `weight' = weight − learning_rate · velocity'`

/// weight, grad and velocity of one shape → the new weight and the new velocity, of the same.
pub fn step(
    weight: &[f64],
    grad: &[f64],
    velocity: &[f64],
    learning_rate: f64,
    momentum: f64,
    weight_decay: f64,
) -> (Vec<f64>, Vec<f64>) {
    let (mut new_weight, mut new_velocity) = (Vec::new(), Vec::new());
    for i in 0..weight.len() {
        let v = momentum * velocity[i] + grad[i] + weight_decay * weight[i];
        new_weight.push(weight[i] - learning_rate * v);
        new_velocity.push(v);
    }
    (new_weight, new_velocity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_by_hand() {
        let grad = [1.0, -3.0];
        let (weight, velocity) = step(&[8.0, 4.0], &grad, &[0.0, 2.0], 0.5, 0.5, 0.25);
        assert_eq!(velocity, [3.0, -1.0]);
        assert_eq!(weight, [6.5, 4.5]);
        let (weight, velocity) = step(&weight, &grad, &velocity, 1.0, 0.5, 0.0);
        assert_eq!(velocity, [2.5, -3.5]);
        assert_eq!(weight, [4.0, 8.0]);
    }
}
