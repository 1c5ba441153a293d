// Calls of a model: what it was sent, what it said, what was wrong with it.

import type { JSX } from 'preact'
import type { CallDetail, Message, Usage } from '../api/types'
import * as f from '../lib/format'
import { Block, Text, UsageLine } from './ui'

export function Messages({ messages, label }: { messages: Message[]; label: string }): JSX.Element {
  return (
    <ol class="messages" aria-label={label}>
      {messages.map((m, i) => (
        <li key={i} class={`message role-${['system', 'user', 'assistant'].includes(m.role) ? m.role : 'other'}`}>
          <div class="role"><Text>{m.role}</Text></div>
          <Block text={m.content} label={`${m.role} message`} />
        </li>
      ))}
    </ol>
  )
}

export function Problem({ children }: { children: string }): JSX.Element | null {
  if (children === '') return null
  return <div class="problem"><span class="problem-label">Problem</span> <Text>{children}</Text></div>
}

export function Reply({ reply, problem, simulated }: { reply: string; problem: string; simulated: boolean }): JSX.Element {
  return (
    <div class="message reply">
      <div class="role">{simulated ? 'reply of the simulated model' : 'reply'}</div>
      <Block text={reply} label="Reply" />
      <Problem>{problem}</Problem>
    </div>
  )
}

/** A call that can be opened. */
export function Call({ call, simulated, open }: { call: CallDetail; simulated: boolean; open?: boolean }): JSX.Element {
  const name = [f.plain(call.role || 'call'), call.component && `of ${call.component}`].filter(Boolean).join(' ')
  return (
    <details class="call" open={open}>
      <summary>
        <span class="call-name"><Text>{name}</Text></span>
        {call.attempt > 1 && <span class="badge">attempt {call.attempt}</span>}
        {call.problem !== '' && <span class="badge bad">problem</span>}
        <UsageLine u={call.usage} />
      </summary>
      <Messages messages={call.messages} label="Messages sent" />
      <Reply reply={call.reply} problem={call.problem} simulated={simulated} />
    </details>
  )
}

/** Fields by name, each as text. */
export function Fields({ fields, label }: { fields: Record<string, unknown>; label: string }): JSX.Element {
  const entries = Object.entries(fields)
  if (entries.length === 0) return <p class="quiet">(none)</p>
  return (
    <dl class="fields" aria-label={label}>
      {entries.map(([name, v]) => (
        <div key={name}>
          <dt><code><Text>{name}</Text></code></dt>
          <dd><Block plain text={typeof v === 'string' ? v : JSON.stringify(v, null, 2) ?? 'null'} label={name} /></dd>
        </div>
      ))}
    </dl>
  )
}

export function Calls({ u }: { u: Usage }): JSX.Element {
  return <UsageLine u={u} />
}
