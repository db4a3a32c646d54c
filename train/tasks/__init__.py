"""The programs that write training traces: one module for each kind of task, one `TASKS` table each."""
