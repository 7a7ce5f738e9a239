"""The text of the section "Before you write"."""

from __future__ import annotations

BEFORE = (
    """
Somebody opens your letter at ten past nine, after eleven others. She did not make the mistake you describe. She has
a short list of things she may do without asking anyone, and she hopes that yours is on it.

Before you write a word, find out what is on that list.

I was that reader for twenty-two years. I answered the post of a county council: drains, school places, trees. On a
usual morning I could do nine things by myself. I could send a form. I could book an inspection. I could correct a
name or an address, refund a fee of up to forty pounds, put a letter on a colleague’s desk with a date on it. That
was most of the nine. A letter that asked for one of them was answered before lunch. A letter that asked for
something else began a journey, and letters get lost on journeys.

## The reader is not the organisation

People write to *the council*, *the bank*, *the landlord*. Nobody of that name opens the post. The person who does
has a supervisor, a screen that only takes certain words, and a wish to finish. She is rarely against you. Mostly
she is deciding, in the first ten seconds, whether yours is a letter that she can deal with or one that she must
pass on.

You can find out more about her than you think:

- Ring the number on the website and ask: “If I write to you about a double charge, who opens it, and what do they
  need from me?” People answer this gladly, because nobody asks.
- Read the last letter you had from them. The words it uses are the words on her screen.
- Look for the form, even if you mean to write a letter. The boxes are her list.

## Two readers, sometimes three

If the matter is large, the first reader hands it to a second, who decides. Write for the first, so that it arrives,
and leave what the second needs where it can be found: the number, the date, the sum. A third reader may come along
in a year, when nobody remembers you: an ombudsman, a court, your successor in the flat. She has only the page.

## Try it

Take a letter you need to send. Write down, in one line each, who opens it, what she can do today without asking
anyone, and what she has to see before she can do it. If you cannot fill in the second line, make the telephone call
first. It takes five minutes and saves three weeks.
""",
    """
Here is a letter as it often came. The boiler was out for nine days in January. The stairwell light has been broken
since summer. The deposit for the bicycle cellar was never returned. And while I am writing, the tone of the
caretaker on the telephone was not what one expects.

Four matters, four desks. The boiler belongs to the heating contractor, the light to the caretaker, the deposit to
accounts, and the tone to nobody. The person who opens it can finish none of them. So the letter waits until
somebody has time for all four, and that day does not come.

One letter, one request. If there are four, send four. Each will be on the right desk the next morning, and each can
be closed by one person, which is what every person at a desk likes to do.

## Finding the request

Most of us begin to write before we know what we want. We know what is wrong, which is something else. Try to finish
this sentence, aloud:

> After reading this, I want them to …

It has to be a thing that can be seen to be done. *Take me seriously* cannot be seen. *Send me the meter reading of
31 March* can. *Sort this out* cannot. *Take the second charge of €84 off my account* can.

If three endings come to mind, ask which one would make the others unnecessary. The refund usually does more than
the apology. The appointment does more than the explanation.

## What about the rest?

You will want to mention that this is the second time. That you have been a customer for eleven years. That your
mother was ill that week. Ask of each: does the reader need it in order to do the thing? If yes, it goes in, as one
sentence. If no, it goes on a separate sheet that you do not send. Write that sheet; it helps. Then leave it in the
drawer for two days.

There is one exception. If two things can only be done together, such as ending a contract and returning a deposit,
they are one request with two halves. Say so: “Please do both by the same date.”

## The test of the tick

Imagine the reader’s list of open matters, and a tick beside yours. What exactly did she do to earn it? If you
cannot say, she cannot either.

## Try it

Write your request as one line that begins with a verb: *send*, *correct*, *refund*, *repair*, *confirm*. Fold the
paper so that only this line shows, and put it where you will see it while you write.
""",
    """
A man wrote to us every month about the lime trees in his street. His letters were good, and they all began by
explaining where the street was. We knew where it was. We had planted the trees. What we did not know was the one
thing he never wrote down: which tree, and on what day the branch had come down.

Writers spend their first page on what the reader has on the screen, and leave out what only they can know. Turn it
round.

## Three columns

Draw three columns on a sheet of paper.

- *They know.* Your name, address and number, what you ordered, what they charged, what they last wrote to you.
- *They can find.* Anything behind a number: an order, a meter, a case, an account, a flat.
- *Only you know.* What happened in your kitchen, what the man on the telephone said, what it looked like, what it
  has cost you.

The first column needs no words at all. The second needs a number, once, near the top, copied and not remembered.
The third is your letter.

This is why good letters are short. It is not that the writer had little to say. He did not tell people their own
business.

## The number does the introduction

“I am writing with regard to the contract that I concluded with you in the spring of last year, after I moved here
from Leeds” is twenty-five words that a machine cannot search for. “Contract 55-1093” is one it can. When the reader
has typed it, everything you were going to explain appears in front of her: the move, the spring, the price.

If you have no number, give the two things that lead to one: the date and the place, or the name on the account and
the postcode.

## What they believe

Sometimes the screen is wrong, and that is why you write. Then name what it says before you contradict it: “Your
letter of 3 March says that the meter was read. It was not; nobody came.” A reader who sees that you know her side
of it stops defending it. A reader who is told that her side is nonsense starts to.

And sometimes you do not know what they believe. Then that is your request, for the first letter: “Please tell me
what you have on file for this address between January and April.” It is modest, it is quickly done, and nobody can
refuse it. The second letter will be twice as good.

## Try it

Fill in the three columns for your letter. Cross out the first. Shrink the second to one line. Count what is left in
the third: two to five facts are a letter. Ten are a folder, and the folder can be an enclosure.
""",
)
