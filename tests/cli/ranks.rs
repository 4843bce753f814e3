//! `mpirun … dann train`: several ranks at one training. Without MPI in the program, they are refused.

use crate::sandbox::Sandbox;

/// Without layers that look at other images of their batch or draw random numbers, and for 100 steps.
#[cfg(feature = "mpi")]
fn sandbox() -> Sandbox {
    let text = crate::sandbox::CONFIG
        .replace("    { layer = \"batch_norm2d\" },\n", "")
        .replace("{ layer = \"dropout\", rate = 0.25 }, ", "")
        .replace("epochs = 2", "epochs = 34\nsteps = 100");
    assert!(!text.contains("norm2d") && !text.contains("dropout"));
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", text);
    sandbox
}

#[cfg(not(feature = "mpi"))]
#[test]
fn ranks_that_know_nothing_of_each_other_are_refused() {
    let sandbox = Sandbox::new();
    for [rank, size] in [["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"], ["PMI_RANK", "PMI_SIZE"]] {
        let mut command = sandbox.dann(&format!("{} --out out", Sandbox::TRAIN));
        let output = command.env(rank, "1").env(size, "2").output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("--features mpi"), "{said}");
        assert!(!sandbox.path("out").exists());
        let mut alone = sandbox.dann(&format!("{} --out {size}", Sandbox::TRAIN));
        alone.env(rank, "0").env(size, "1").assert().success();
    }
}

#[cfg(feature = "mpi")]
mod with_mpi {
    use super::*;
    use crate::running::Running;
    use crate::sandbox::CONFIG;
    use dann::train::Checkpoint;
    use rand::{RngExt as _, SeedableRng as _};
    use std::process::{Command, Output, Stdio};
    use std::time::{Duration, Instant};

    /// `dann` with `arguments` on so many ranks.
    fn ranks(sandbox: &Sandbox, count: usize, arguments: &str) -> Command {
        let mut command = Command::new("mpirun");
        command.args(["--oversubscribe", "-n", &count.to_string()]);
        command.arg(env!("CARGO_BIN_EXE_dann"));
        command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let root = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"];
        command.envs(root.map(|name| (name, "1")));
        sandbox.within(command)
    }

    fn train(sandbox: &Sandbox, count: usize, out: &str, arguments: &str) -> String {
        let arguments = format!("{} --no-report --out {out} {arguments}", Sandbox::TRAIN);
        said(&ended(ranks(sandbox, count, &arguments)), true)
    }

    fn ended(mut command: Command) -> Output {
        Running::start(&mut command).output()
    }

    /// Both streams.
    fn said(output: &Output, succeeds: bool) -> String {
        let text = [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream)).concat();
        assert_eq!(output.status.success(), succeeds, "{text}");
        text
    }

    fn model(sandbox: &Sandbox, run: &str) -> Vec<f32> {
        let file = sandbox.path(&format!("{run}/model.safetensors"));
        let checkpoint = Checkpoint::read(&file).expect("a model");
        checkpoint.values().values().flat_map(|(_, values)| values.clone()).collect()
    }

    fn near(a: &[f32], b: &[f32]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 1e-5, "{a} is not {b}");
        }
    }

    #[test]
    fn ranks_come_to_what_one_comes_to_and_each_time_to_the_same_bits() {
        let sandbox = sandbox();
        sandbox.train("one", "--no-report");
        let one = model(&sandbox, "one");
        for count in [2, 4] {
            let [run, again] = [format!("{count}"), format!("{count}-again")];
            let text = train(&sandbox, count, &run, "");
            assert!(text.contains(&format!("{count} ranks share each batch")), "{text}");
            assert_eq!(text.matches("epoch 34").count(), 1, "rank 0 alone speaks: {text}");
            near(&model(&sandbox, &run), &one);
            train(&sandbox, count, &again, "");
            let [a, b] = [run, again].map(|run| sandbox.read(&format!("{run}/model.safetensors")));
            assert!(a == b, "{count} ranks");
        }
    }

    /// Waits until there is a checkpoint of `run`.
    fn begun(sandbox: &Sandbox, run: &str) {
        let (began, first) = (Instant::now(), sandbox.path(&format!("{run}/checkpoints")));
        while !std::fs::read_dir(&first).is_ok_and(|mut entries| entries.next().is_some()) {
            assert!(began.elapsed() < Duration::from_secs(60), "no checkpoint");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn start(sandbox: &Sandbox, run: &str) -> Running {
        let arguments = format!("{} --no-report --checkpoint-every 7 --out {run}", Sandbox::TRAIN);
        let mut command = ranks(sandbox, 2, &arguments);
        let program = Running::start(&mut command);
        begun(sandbox, run);
        program
    }

    /// The processes that train into `run`.
    fn processes(run: &str) -> Vec<String> {
        let found = Command::new("pgrep").args(["-f", &format!("^[^ ]*dann train .*--out {run}$")]).output();
        let found = found.expect("pgrep").stdout;
        String::from_utf8_lossy(&found).lines().map(str::to_owned).collect()
    }

    fn signal(signal: &str, process: &str) {
        assert!(Command::new("kill").args([signal, process]).status().expect("kill").success());
    }

    #[test]
    fn ranks_that_are_killed_lose_nothing_but_the_steps_since_the_last_checkpoint() {
        let sandbox = Sandbox::new();
        sandbox.write("tiny.toml", CONFIG.replace("epochs = 2", "epochs = 70"));
        train(&sandbox, 2, "whole", "");
        let whole = sandbox.read("whole/model.safetensors");
        // The full number in `make soak`.
        let kills: u64 = std::env::var("DANN_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(2);
        let mut in_time = 0;
        for seed in 0..kills {
            let mut random = rand_pcg::Pcg32::seed_from_u64(seed);
            let run = format!("killed-{seed}-{}", std::process::id());
            let program = start(&sandbox, &run);
            std::thread::sleep(Duration::from_millis(random.random_range(0..1000)));
            let ranks = processes(&run);
            if let Some(rank) = ranks.get(random.random_range(0..2)) {
                signal("-KILL", rank);
            }
            let ended = program.output();
            if ended.status.success() {
                continue;
            }
            in_time += 1;
            let resumed = ranks_resumed(&sandbox, &run);
            assert!(resumed.contains("the run is in"), "{resumed}");
            assert!(sandbox.read(&format!("{run}/model.safetensors")) == whole, "seed {seed}");
        }
        eprintln!("{in_time} of {kills} were killed before their end");
        assert!(2 * in_time >= kills, "{in_time} of {kills} were killed before their end");
    }

    fn ranks_resumed(sandbox: &Sandbox, run: &str) -> String {
        said(&ended(ranks(sandbox, 2, &format!("train --resume {run} --no-report"))), true)
    }

    #[test]
    fn who_asks_a_rank_for_an_end_gets_a_checkpoint_that_fewer_ranks_go_on_from() {
        let sandbox = sandbox();
        sandbox.train("one", "--no-report");
        for rank in [0, 1] {
            let run = format!("ended-{rank}-{}", std::process::id());
            let program = start(&sandbox, &run);
            let is_that = |process: &&String| {
                let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
                String::from_utf8_lossy(&environment).contains(&format!("OMPI_COMM_WORLD_RANK={rank}\0"))
            };
            let ranks = processes(&run);
            signal("-TERM", ranks.iter().find(is_that).expect("the rank"));
            let ended = said(&program.output(), false);
            assert_eq!(ended.matches("interrupted after step").count(), 1, "{ended}");
            assert!(ended.contains(&format!("mpirun -n 2 dann train --resume {run}")), "{ended}");
            let resumed = sandbox.text(&format!("train --resume {run} --no-report"));
            assert!(resumed.contains("the run is in"), "{resumed}");
            near(&model(&sandbox, &run), &model(&sandbox, "one"));
        }
    }

    #[test]
    fn words_that_make_no_command_are_answered_once() {
        let output = ended(ranks(&sandbox(), 2, "train --nothing"));
        assert_eq!(said(&output, false).matches("unexpected argument").count(), 1);
    }

    #[test]
    fn what_one_rank_cannot_do_ends_all_with_one_message() {
        let sandbox = sandbox();
        for (arguments, words) in [
            (
                "--source source --batch 5",
                "training.batch: expected a multiple of the 2 ranks that share it, found 5",
            ),
            ("--source source --adapter 0,none", "none"),
            ("--source source --adapter 0,", "expected an index, or words of a name, found nothing"),
            ("--source nowhere", "nowhere"),
        ] {
            let out = arguments.replace([' ', ',', '-'], "");
            let arguments = format!("train --config tiny.toml --target target --out {out} {arguments}");
            let text = said(&ended(ranks(&sandbox, 2, &arguments)), false);
            assert!(text.contains(words), "{arguments}: {text}");
            assert_eq!(text.matches("[ERROR").count(), 1, "{text}");
            assert!(!sandbox.path(&out).exists(), "{arguments}: writes something");
        }
    }

    #[test]
    fn a_device_that_is_lost_ends_all_and_the_run_goes_on() {
        let sandbox = sandbox();
        let arguments = format!("{} --no-report --out run --destroy-device-at 5", Sandbox::TRAIN);
        let text = said(&ended(ranks(&sandbox, 2, &arguments)), false);
        assert!(text.contains("rank 0: GPU: the device was lost"), "{text}");
        ranks_resumed(&sandbox, "run");
        sandbox.train("one", "--no-report");
        near(&model(&sandbox, "run"), &model(&sandbox, "one"));
    }
}
