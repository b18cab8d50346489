"""The words that MegaBot's replies are made of, and those that it looks for in what people write."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that say nothing of what a message is about; the last lines are verbs of asking, and moods.
STOP_WORDS = _words("""
    a about above across after again against all along also am among an and any anyone anything are as at be because
    been before behind being below best better between but by can cannot could did do does doing done don down
    during each either else even ever every few first for from get give go good great had has have having he her
    here him his how i if in into is isn it its itself just kind know last let like lot made make makes many may
    maybe me might more most much must my need needs never new next no not nothing now of off ok okay on once one
    only onto or other our out over own part per perhaps please put quite rather really right s same say see she
    should since so some somehow someone something soon still such sure t take than that the their them then there
    these they thing things think this those though through till to too two under until up upon us use used using ve
    very via want wants was way we well were what when where whether which while who whom whose why will with within
    without won would yes yet you your yours megabot bot assistant
    add arrived ask build center check compare create debug describe explain find fix generate give happen happens
    happy help implement improve keep keeps like likes look looking optimize refactor remove review sad show sorry
    sort suggest summarize tell translate try trying understand wonder work working works write writing wrong
    """)
# How a reply names again what came with these words.
DETERMINERS = {
    "the": "the",
    "a": "the",
    "an": "the",
    "this": "this",
    "these": "these",
    "those": "those",
    "my": "your",
    "our": "your",
    "your": "my",
}
GREETINGS = _words("hello hi hey hiya howdy greetings morning afternoon evening day good there")
QUESTION_WORDS = _words("how what when where which who whose why can could do does did is are should would will")
CODE_WORDS = _words("""
    api array async await bug class code compile compiler const css debug def docker exception function git html import
    java javascript json lambda library loop method module npm parser pip program python query refactor regex repository
    rust script snippet sql stacktrace test tests traceback typescript undefined unit variable websocket yaml
    """)
JAVASCRIPT_WORDS = _words("javascript typescript node react vue html css browser frontend js ts")

WAITING = (
    "Could you tell me a little more about what you need?",
    "I would like to help. What are you working on?",
    "I am not sure that I understand. What would you like me to do?",
)
# Kind -> the words that a message of this kind is made of, all of it, and what is answered.
SMALL_TALK = {
    "greeting": (GREETINGS, ("Hello! How can I help you today?",)),  # As in the sample.
    "thanks": (
        _words("thanks thank thx ty cheers you so much very a lot many"),
        (
            "You're welcome! Is there anything else I can help with?",
            "Happy to help. Just ask if anything else comes up.",
        ),
    ),
    "farewell": (
        _words("bye goodbye ciao farewell later see you good night"),
        ("Goodbye! Come back whenever you need me.", "See you soon. I will keep our conversation in mind."),
    ),
    "wellbeing": (
        _words("hello hi hey how are you doing today is it going what's up"),
        ("I am doing well, thank you! What can I do for you?", "All is well here. What are you working on?"),
    ),
    "identity": (
        _words("who what are you is your name can do"),
        ("I am MegaBot. I answer questions, write code, and run tools such as your tests. What do you need?",),
    ),
    "assent": (
        _words("yes yeah yep no nope ok okay sure fine great cool nice right alright well done please go ahead on"),
        ("All right. What would you like to do next?", "Good. Tell me how you would like to go on."),
    ),
}

QUESTION_OPENINGS = (
    "Good question. When it comes to {topic}, the short answer is that it depends on what you want to {verb}.",
    "There is more than one good answer about {topic}, so let me begin with the one that works most often.",
    "Let's look at {topic} step by step.",
    "The important thing about {topic} is to keep it simple at first.",
)
STATEMENT_OPENINGS = (
    "Thanks, I have taken note of what you say about {topic}.",
    "I see. With {topic} in mind, here is what I would do next.",
    "Understood. Let me sum up what matters about {topic}.",
    "That makes sense. Let us take a closer look at {topic}.",
)
CODE_OPENINGS = (
    "Here is a small sketch for {topic} that you can build on.",
    "This is how I would begin with {topic}.",
    "For {topic}, a short function is all you need.",
)
BODY = (
    "Start with the smallest part of {topic} that works, then measure before you change anything.",
    "Many teams {bs} first, and only then look at {other}.",
    "You will find that {topic} and {other} belong together, so it pays to treat them as one.",
    "A common mistake is to begin with {other} before you have settled {topic}.",
    "Write down what you expect of {topic}, so that you can compare it with the result later.",
    "If you need a reference, have a look at {file}, which shows {topic} with an example.",
    "In practice, {a_thing} takes care of most of the work.",
    "It also helps to {bs}, because that keeps {other} out of the way.",
    "Once that is in place, you can {bs} without touching {topic} again.",
    "Keep an eye on {other}: changes tend to happen there when nobody is looking.",
    "There is a trade-off here, since {a_thing} costs time at the beginning.",
    "Review the result with somebody else, since it is easier to judge {topic} in pairs.",
)
CODE_BODY = (
    "It handles the empty case first, so that the rest can assume that there is something to do.",
    "You can put it into {file} and call it from there.",
    "A test for {topic} would begin with an empty list, then one item, then many.",
    "Note that this does not check {other} yet; add that once the shape of your data is clear.",
    "If there is more to {topic}, split it by what changes together.",
)
CLOSINGS = (
    "Would you like me to go deeper into {topic}?",
    "Tell me more about {other}, and I can be more specific.",
    "Shall I run the tests once you have tried it?",
    "Let me know how it goes.",
    "I can show an example if that helps.",
)
PYTHON = '''```python
def {name}(items):
    """Handle {topic}, one item at a time."""
    results = []
    for {item} in items:
        if not {item}:
            continue
        results.append({item}.{method}())
    return results
```'''
JAVASCRIPT = """```javascript
// Handle {topic}, one item at a time.
export function {name}(items) {{
  return items
    .filter(({item}) => Boolean({item}))
    .map(({item}) => {item}.{method}());
}}
```"""
METHODS = ("strip", "parse", "validate", "normalize", "render", "commit")
VERBS = ("achieve", "change", "measure", "keep", "automate", "avoid")
ANYTHING = ("the details", "the next step", "the bigger picture", "your setup")
THAT = ("this", "your request", "what you describe")  # Where a message has no word that it could be about.
