"""The benchmarks, one file each: where the problems come from, how they are asked, how an answer is judged."""
