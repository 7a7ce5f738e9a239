"""The text of the section "On the page"."""

from __future__ import annotations

PAGE = (
    """
Most letters begin with the writer. *I am writing to you because … I have been a customer since …* The reader has
forty letters on the desk and looks for one thing: what is being asked, and can I do it today?

The first sentence answers that. It has three parts, and none of them is you: the thing, what happened to it, and
what should happen next.

> Before: I am writing with regard to my recent dealings with your accounts department, which have been far from
> satisfactory.

> After: Invoice 2041 charges us twice for the March delivery; please send a corrected one by 12 May.

Count what the second one gives away in seventeen words. A number that can be typed into a search field. A mistake
that can be checked. A date. The person who opens it knows which colleague it belongs to before reaching the end of
the line.

## But is it polite?

People worry that it is abrupt. Read it again as the one who receives it. It does not accuse anybody. It does not
make you guess. It says please, once, in the place where it means something. The first one wishes to be polite and
spends your morning.

Warmth has its place: the last line. “Thank you; I know that the end of the quarter is a busy time” costs nothing
after the request, and sounds like a bribe before it.

## The postcard test

Copy your first sentence onto a postcard. If a stranger could act on it with nothing else in hand, keep it. If the
stranger would have to ask *which one?* or *by when?*, the answer belongs in the sentence.

Some letters ask for nothing that fits on a postcard: an application, a condolence, a complaint about a person. Even
they have a first sentence that says which of these it is. “I would like the post of gardener that you advertised on
2 October.” “I was taught by your mother, and I heard today that she has died.” The reader may then take her time.

## The subject line

A message has a second first sentence, above it. It is read in a list, cut off after about forty characters, by
somebody who is looking for reasons to open others. Put the number first and the act second: *2041: please correct,
by 12 May*. Never *Question*, never *Urgent*, and never nothing.

## Try it

Take the last letter or message you sent that nobody answered. Write its first sentence again, in under twenty-five
words, without the word “I”.
""",
    """
When we are angry, we tell a story backwards. We begin with yesterday’s telephone call, because it hurts most, go
back to the promise that it broke, and arrive at the beginning on page two. The reader, who was not there, has to
turn it round. She may turn it round differently from you.

Put facts in the order in which they happened. It is the only order that nobody can dispute, because it is not
yours.

## A line for each

Give each fact a date, a subject and a verb, and a line of its own.

> 4 March: I ordered 40 chairs (order 7718).
>
> 9 March: 38 chairs came. The delivery note says 40.
>
> 9 March: I told Mr Lind by telephone; he said that two would follow.
>
> 28 March: Invoice 2041 charges 40 chairs.

Nothing here says that anybody was careless. Nothing has to. A reader who gets to the last line has already reached
your conclusion, and people hold on to the conclusions that they reach themselves.

## Facts, and what we make of them

A fact is what a stranger standing beside you would also have written down. *He was rude* is not one. *He put the
receiver down while I was speaking* is. *The flat is uninhabitable* is not one. *At eight in the morning it was 13
degrees in the bedroom* is.

Go through your list and strike three kinds of words. Those that weigh: *outrageous*, *unacceptable*, *clearly*.
Those that read minds: *you ignored*, *you refused to*, *you intended*. And those that count loosely: *always*,
*repeatedly*, *for weeks*. Put the number instead. “Four times since 9 March” is stronger than “repeatedly”, and it
can be checked.

## What you are not sure of

Say so, in the line where it stands. “About 15 March; I did not write it down.” One honest doubt makes the rest
believable. One date that turns out wrong makes the rest doubtful, and you will not be there to explain.

## Proof stays outside

Do not describe the photograph; enclose it, give it a number, and name the number in the line. Copies, never
originals. A letter with three enclosures is read by somebody who has three things to hold in her hand, and things
in the hand are hard to lose.

## Try it

Write your facts as lines, each with a date. Read them aloud to somebody who knows nothing of the matter, and ask
what they think should happen now. If it is what you are going to ask for, the order is right. If not, a line is
missing.
""",
    """
Here are four ways in which people asked me for a new bin.

> I would be most grateful if it might be possible to look into the question of the bin.
>
> Perhaps someone could kindly let me know how one should proceed.
>
> I trust that this will be resolved.
>
> Please bring a 120-litre bin to 8 Mill Lane, and take the broken one away.

The first asks me to look into a question. I looked into it. The second asks me how to proceed, so I sent a leaflet.
The third asks nothing. The fourth had a bin on Thursday.

## A verb, an object, a place, a date

A plain request is an order with *please* in front. It is not rude; it is a sentence that lets somebody else be
useful. Put it where the eye falls: first in the letter, and once more at the end, in the same words. The same
words, because a reader who finds two versions wonders which one you meant.

If the request has steps, number them. If there is a choice, say which you prefer and that the other will do: “a
refund; a credit note would also be fine”. People like to choose, and it costs you nothing.

## Words that hide the request

Look for *hope*, *trust*, *wonder*, *perhaps*, *look into*, *address*, *consider*. Each is a cushion between you and
what you want. Take the cushion away and see whether the sentence still stands. “I wonder whether you could consider
addressing” becomes “Please repair”. It is shorter by five words, and no one has ever minded.

## Asking for a favour

Sometimes there is no right to what you want. Then say that too, in one line; it is disarming, because it is true.
“You do not owe me this. The ticket says no refunds. I was in hospital on the day, and I enclose the note. Would you
move it to any evening in June?”

Note what it does. It names the rule before the other can. It gives one reason, the strongest, with proof. And it
asks for something that costs little, with plenty of room to say yes.

## And no threats

Not in the first letter. A threat tells the reader that you expect a no, and the letter goes to the department for
people who expect a no. They have more time than you.

## Try it

Underline the sentence in your draft that asks. If you underlined two, choose. If you underlined none, you now know
why the last letter was not answered. Then write it as verb, object, place and date, and read it to yourself in the
voice of a good friend. It will do.
""",
)
