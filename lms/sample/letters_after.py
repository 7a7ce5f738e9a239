"""The text of the section "After you send it"."""

from __future__ import annotations

AFTER = (
    """
A letter without a date asks to be answered *some time*. Some time is when everything with a date has been done.

So put one in. Not “as soon as possible”, which means nothing, and not “within 14 days”, which leaves both of you
counting from different mornings. A day of the week, a number and a month: *by Friday, 12 May*.

## Which date?

Long enough that it can be done by one person who has other things to do. Short enough that you still care. For most
offices this is two weeks from the day on which they read it, and so about three from the day on which you post it.
Look at a calendar: a date that falls on a holiday says that you were not thinking of them.

If there is a reason, give it, since a reason turns a deadline into help: “by 12 May, because the surveyor comes on
the 15th”.

## A date that is not a threat

Say what *you* will do when the day has passed, and let it be small.

> If I have not heard from you by then, I shall ring on Monday morning.

You have promised to make work for yourself and not for them. It is also a promise that you can keep, and keeping it
is the whole secret. People learn in one exchange whether your dates mean anything.

Write it into your calendar before you lick the stamp.

## The second letter

The day passes. Nothing. Do not write a new letter. The second letter is the first one, with four lines on top:

> On 20 April I sent you the letter below. I asked for a corrected invoice by 12 May. It has not come. Please send
> it by Friday, 26 May.

No reproach, and not one new fact. Whoever opens it may never have seen the first, and should not have to find it.
This time address it to a name; ring and ask for one. “To whom may I address it, so that it does not go astray
again?” is a question that gets an answer.

## The third

If the second date passes too, change the reader and not the tone. Send both letters to the next desk: the manager,
the head office, the ombudsman whose address stands in small print on the back of the bill. One sentence on top: “I
have asked for this twice, on 20 April and 15 May, and enclose both letters.” You will find that somebody who has
written twice, politely, with dates, looks very good on a third desk.

## Try it

Put a date into your letter, with the reason if there is one and with what you will do on the day after. Then write
the four lines for the second letter now, while you are calm, and keep them with the copy.
""",
    """
Sometimes they answer, and the answer is no. It is not the end. In my two hundred letters that worked, thirty-one
had been refused once.

First, let a night pass. Then read the refusal as you would read a stranger’s, with a pencil, and look for three
things: what exactly they refuse, the reason they give, and who signed it.

## Four kinds of no

- *No, because of a rule.* Then the rule has a number. Ask for its text, and read it yourself. Rules have
  exceptions, and these stand in the next paragraph.
- *No, because of a fact.* “Our records show that the goods were delivered.” Now you know which fact matters. Send
  the proof for that one and leave the others in the drawer.
- *No, because I may not.* The reader cannot say it so plainly. It sounds like “unfortunately it is not possible for
  us to”. Ask who may.
- *No, without a reason.* This is the commonest and the weakest. Nobody has decided yet; somebody has merely ended
  the correspondence.

## Asking for the reason

Do not argue. A reader who has said no once will say it better the second time. Ask instead.

> Thank you for your letter of 2 June. So that I can understand the decision, please tell me which rule or which
> fact it rests on, and who can review it. I should be glad to hear by Friday, 23 June.

It is hard to refuse. In many offices they must tell you; in the others it would look odd not to. And now and then
somebody goes to look up the reason, cannot find one, and does what you asked in the first place.

## The smaller yes

Think of what lies between all and nothing. Half the sum. A credit. The fee waived if the charge stays. A repair
where you asked for a replacement. Offer it yourself, in a letter that begins with it, as if it were a new matter,
because it is: “Please credit the delivery charge of €12 on order 7718.” Small things are on the short list of
things that somebody may do without asking anyone. You remember the list.

## Knowing when to stop

Put a price on your evenings. If the matter is worth forty euros and has had three of them, you may put it down.
Write one last line for the file, to yourself: what you asked for, what they said, what you would do differently.
Then close the folder with a good conscience. A no that you understand is worth more than a yes that you waited a
year for.

## Try it

Find a refusal that you have had, from anybody. Decide which of the four kinds it was. Then write the three
sentences that ask for the reason. You need not send them, but you may find that you want to.
""",
    """
You have a reader in mind, one request, two to five facts and a date. Now comes the part that writers skip. Give the
letter to somebody who knows nothing about it and watch what happens.

Not a friend who knows the story; a friend fills the gaps without noticing. A neighbour, somebody from the other end
of the corridor, a person waiting for the same train. It takes four minutes of their time, and people are pleased to
be asked.

## How to do it

Hand over the page. Say only: “This came for you at work. What would you do?” Then be quiet, and that is the hard
part. When they frown, note the line. When they go back, note the line. Do not explain anything. You will not be
there when the real reader frowns.

When they have finished, take the page away and ask these eight questions.

- Who is this from, and to whom?
- What do they want?
- By when?
- What happened, in two sentences?
- How do you know that it is true?
- What would you need before you could do it?
- What sort of person wrote this?
- Is there a sentence that you would leave out?

Write down the answers in their words. If the second one differs from the line that you wrote on folded paper in
lesson two, the letter is not finished, however well it is written.

## What to do with the answers

A wrong answer is never the stranger’s fault. If they did not see the date, it stands in the wrong place. If they
asked for a number, put it in the first line. If they said that the writer sounds hurt, find the adjective and
strike it out.

If they would leave a sentence out, leave it out. I have never seen this go wrong.

## Then send it

There is a moment when a letter can only get worse. You know that it has come when you begin to put back words that
you had struck. Print it, sign it, copy it, post it. Put the date into your calendar, and go for a walk.

## Your last exercise

Write the letter that you have been putting off: the one you thought of when you read the title of this course. Give
yourself one sitting of twenty-five minutes. One reader, one request, facts in order, a date, no adjectives. Find
your stranger and ask the eight questions. Change what they tell you to change.

Then mark this lesson complete, on the day on which you post it and not before. In three weeks, perhaps sooner, you
will have an answer. I hope it is a yes. If it is not, you know where lesson eight is.
""",
)
