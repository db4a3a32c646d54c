// What takes the model in, done out, when the model is there: while one is being loaded it waits, says so in `line`, and
// can be left. Nothing is begun for a page that was closed meanwhile.
function benchWaiting(line, ask) {
  const [words, leave] = [line.querySelector(".words"), line.querySelector(".not-now")];
  // The last one that was wished for; those before it are given up.
  let [last, isAsking] = [0, false];

  function say(said, canLeave = false) {
    line.hidden = !said;
    leave.hidden = !canLeave;
    workingsSet(words, said);
  }

  function end() {
    isAsking = false;
    say("");
  }

  leave.addEventListener("click", () => {
    last += 1;
    end();
  });

  return {
    // What came of it; null where it was refused or left. `meanwhile` is what is done when there is a model.
    async ask(asked, meanwhile) {
      const mine = (last += 1);
      isAsking = true;
      say(workingsSay(meanwhile));
      let told = await ask(asked);
      while (told && told.wait && mine === last) {
        say(`${workingsSay(told.wait)} · ${workingsSay("It begins when the model is ready.")}`, true);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        if (mine === last) told = await ask(asked);
      }
      if (mine === last) end();
      return told && !told.wait ? told : null;
    },
    // The page has its first results.
    looked() {
      if (!isAsking) say("");
    },
  };
}
